"""An administrator disables and deletes accounts on a running stack, Supabase Auth included."""

import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest
from azure.storage.blob import ContainerClient

from scripts.devhost.stack import LocalStack
from tests.crawling import CONTAINER, wait_for

PASSWORD = "correct horse"


class User:
    """A signed-in user with an API key."""

    def __init__(self, stack: LocalStack, *, admin: bool = False) -> None:
        self.stack = stack
        self.http = httpx.Client(base_url=f"{stack.info.api_url}/api/v1/", timeout=30)
        self.account = {"email": f"{uuid.uuid4().hex[:12]}@example.org", "password": PASSWORD}
        session = self.send("POST", "auth/signup", 201, self.account)["session"]
        self.http.headers["Authorization"] = f"Bearer {session['access_token']}"
        self.refresh_token = session["refresh_token"]
        self.id = session["user"]["id"]
        if admin:
            self.query("UPDATE profiles SET role = 'admin' WHERE id = %s RETURNING id", self.id)
        key = {"name": "key", "permissions": ["projects", "jobs:read", "jobs:write"]}
        self.key = self.send("POST", "api-keys", 201, key)["key"]

    def send(self, method: str, path: str, status: int, body: Any = None, **headers: str) -> Any:
        """The JSON of an answer that has the status."""
        answer = self.http.request(method, path, json=body, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def query(self, query: Any, *values: object) -> list[tuple[Any, ...]]:
        """Rows of the stack's database."""
        with psycopg.connect(self.stack.info.database_url) as connection:
            return connection.execute(query, values).fetchall()

    def may_act(self, status: int) -> None:
        """Each way to act has the same outcome: reading, writing, the session, an API key."""
        calls = [
            self.http.get("projects"), self.http.get("auth/me"), self.http.get("credits/balance"),
            self.http.post("auth/verify-token"), self.http.patch("auth/profile", json={}),
        ]  # fmt: skip
        with httpx.Client(base_url=self.http.base_url, headers={"X-API-Key": self.key}) as program:
            calls += [program.get("projects"), program.get("jobs")]
        assert {answer.status_code for answer in calls} == {status}
        if status != 200:
            assert {answer.json()["code"] for answer in calls} == {"account_disabled"}


@pytest.fixture
def boss(stack: LocalStack) -> Iterator[User]:
    user = User(stack, admin=True)
    yield user
    user.http.close()


@pytest.fixture
def user(stack: LocalStack) -> Iterator[User]:
    made = User(stack)
    yield made
    made.http.close()


def start_job(user: User, keyword: str = "cat") -> int:
    project = user.send("POST", "projects", 201, {"name": "work"})
    job = {"project_id": project["id"], "name": "j", "keywords": [keyword], "max_images": 20}
    return int(user.send("POST", "jobs", 201, {**job, "start": True})["id"])


def blobs(stack: LocalStack, job_id: int) -> list[str]:
    connection = stack.info.storage_connection_string
    with ContainerClient.from_connection_string(connection, CONTAINER) as container:
        return [blob.name for blob in container.list_blobs(name_starts_with=f"jobs/{job_id}/")]


def test_a_disabled_account_is_out_at_once_and_in_again(boss: User, user: User) -> None:
    user.may_act(200)
    job_id = start_job(user)
    path = f"admin/users/{user.id}"
    done = boss.send("POST", f"{path}/disable", 200, {"reason": "Abuse"})
    assert done["state"] == "disabled"
    user.may_act(403)
    assert user.query("SELECT status FROM crawl_jobs WHERE id = %s", job_id) == [("cancelled",)]
    held = user.query("SELECT reserved_balance FROM credit_accounts WHERE user_id = %s", user.id)
    assert held == [(0,)]
    for sign_in, body in (
        ("auth/login", user.account), ("auth/refresh", {"refresh_token": user.refresh_token}),
    ):  # fmt: skip
        refused = user.http.post(sign_in, json=body)
        assert (refused.status_code, refused.json()["code"]) == (403, "account_disabled")
    assert boss.send("POST", f"{path}/enable", 200, {"reason": "Settled"})["state"] == "active"
    user.may_act(200)
    user.send("POST", "auth/login", 200, user.account)
    trail = boss.send("GET", "activity?resource_type=user", 200)["data"]
    assert [(row["action"], row["resource_id"], row["metadata"]) for row in trail] == [
        ("user.enabled", user.id, {"reason": "Settled"}),
        ("user.disabled", user.id, {"reason": "Abuse"}),
    ]


def test_a_deleted_account_leaves_nothing(stack: LocalStack, boss: User, user: User) -> None:
    job_id = start_job(user)
    wait_for(lambda: blobs(stack, job_id), bool)
    path = f"admin/users/{user.id}"
    boss.send("DELETE", path, 422)
    boss.send("DELETE", f"{path}?reason=Asked+for+it", 204)
    assert user.http.get("auth/me").json()["code"] == "account_disabled"
    wait_for(
        lambda: user.query("SELECT id FROM auth.users WHERE id = %s", user.id),
        lambda found: found == [],
    )
    for query in (
        "SELECT id FROM profiles WHERE id = %s",
        "SELECT id FROM projects WHERE user_id = %s",
        "SELECT id FROM api_keys WHERE user_id = %s",
        "SELECT id FROM activity_logs WHERE user_id = %s",
    ):
        assert user.query(query, user.id) == []
    wait_for(lambda: blobs(stack, job_id), lambda found: found == [])
    assert user.http.get("auth/me").json()["code"] == "account_disabled"
    user.send("POST", "auth/login", 401, user.account)
    boss.send("DELETE", f"{path}?reason=Asked+for+it", 204)
    (row,) = boss.send("GET", "activity?resource_type=user", 200)["data"]
    assert (row["action"], row["metadata"]) == ("user.deleted", {"reason": "Asked for it"})


def test_credits_are_given_once_for_a_key(boss: User, user: User) -> None:
    gift = {"amount": 500, "reason": "For the outage"}
    path = f"admin/users/{user.id}/credits"
    before = user.send("GET", "credits/balance", 200)["balance"]
    for _ in range(2):
        made = boss.send("POST", path, 201, gift, **{"Idempotency-Key": "gift-1"})
        assert made["credits"] == before + 500
    assert user.send("GET", "credits/balance", 200)["balance"] == before + 500
    (row, *_) = user.send("GET", "credits/transactions?type=bonus", 200)["data"]
    assert (row["amount"], row["description"]) == (500, "For the outage")


def test_nobody_ends_their_own_account(boss: User) -> None:
    path = f"admin/users/{boss.id}"
    for method, where, body in (
        ("POST", f"{path}/disable", {"reason": "x"}), ("DELETE", f"{path}?reason=x", None),
    ):  # fmt: skip
        assert boss.send(method, where, 409, body)["code"] == "own_account"
    boss.may_act(200)
