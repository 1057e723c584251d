"""Who may call what: every declared endpoint with every kind of caller."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest

import function_app  # noqa: F401 - importing it declares the endpoints
from scripts.crawl.api import Api
from scripts.devhost.stack import LocalStack
from shared.platform.http.registry import Endpoint, endpoints
from tests.crawling import signed_in, start_crawl, wait_for, wait_for_end

PUBLIC = sorted(name for name, e in endpoints.items() if e.access == "public")
PRIVATE = sorted(name for name, e in endpoints.items() if e.access != "public")
FOR_KEYS = sorted(name for name, e in endpoints.items() if e.access == "caller")
FOR_USERS = sorted(name for name, e in endpoints.items() if e.access in ("user", "admin"))
FOR_ADMINS = sorted(name for name, e in endpoints.items() if e.access == "admin")
ON_RESOURCES = sorted(
    name for name in PRIVATE if endpoints[name].parameters and name not in FOR_ADMINS
)
NOWHERE = {"job_id": "2000000000", "image_id": "2000000000", "project_id": "2000000000",
           "notification_id": "2000000000", "key_id": "00000000-0000-4000-8000-000000000000",
           "user_id": "00000000-0000-4000-8000-000000000000", "dataset_id": "2000000000",
           "dataset": "2000000000", "number": "2000000000", "export_id": "2000000000",
           "kind": "json", "upload_id": "2000000000"}  # fmt: skip
BODIES = {
    "update_project": {"name": "taken"},
    "update_job": {"name": "taken"},
    "estimate_job": {"keywords": ["cat"], "engines": ["google"]},
    "review_image": {"decision": "keep"},
    "review_images": {"image_ids": [2000000000], "decision": "keep"},
    "create_version": {"include_duplicates": False},
    "create_export": {"format": "labels"},
    "export_version": {"format": "labels"},
    "update_notification": {"is_read": True},
    "update_user": {"role": "user"},
    "disable_user": {"reason": "test"},
    "enable_user": {"reason": "test"},
    "grant_credits": {"reason": "test", "amount": 1},
}
QUERIES = {"delete_user": {"reason": "test"}}
FORGED = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIiwia2lkIjoieCJ9.eyJzdWIiOiJ4In0."


def path_of(endpoint: Endpoint, values: dict[str, str]) -> str:
    path = f"/{endpoint.path}"
    for name, value in values.items():
        for constraint in ("", ":int", ":guid"):
            path = path.replace(f"{{{name}{constraint}}}", value)
    assert "{" not in path
    return path


@pytest.fixture(scope="module")
def http(stack: LocalStack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.info.api_url, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def owned(stack: LocalStack) -> dict[str, str]:
    """Resources of the first user, by the name of their path parameter."""
    with signed_in(stack) as api:
        job_id = start_crawl(api, ("cat",), 1)
        wait_for_end(api, job_id)
        (image, *_) = api.every(f"jobs/{job_id}/images")
        key = api.post("api-keys", {"name": "owned", "permissions": ["projects"]})
        job = api.get(f"jobs/{job_id}")
        export = api.post(f"jobs/{job_id}/exports", {"format": "labels"})
        upload = api.post("uploads", {"kind": "url_list", "filename": "l.txt", "size": 1})
        notification = wait_for(
            lambda: api.get("notifications")["data"],
            lambda found: any(str(job_id) in (n["action_url"] or "") for n in found),
        )[0]
    return {
        "job_id": str(job_id),
        "image_id": str(image["id"]),
        "project_id": str(job["project_id"]),
        "key_id": key["id"],
        "notification_id": str(notification["id"]),
        "dataset_id": str(job_id),
        "dataset": str(job_id),
        "number": "1",
        "export_id": str(export["id"]),
        "kind": "json",
        "upload_id": str(upload["id"]),
    }


@pytest.fixture(scope="module")
def other(stack: LocalStack) -> str:
    """The access token of somebody else."""
    user = stack.info.users[1]
    with Api(stack.info.api_url) as api:
        return str(
            api.post("auth/login", {"email": user.email, "password": user.password})["access_token"]
        )


@pytest.fixture(scope="module")
def admin(stack: LocalStack) -> str:
    """The access token of an administrator."""
    account = {"email": "admin@pixcrawler.test", "password": "an administrator"}
    with Api(stack.info.api_url) as api:
        session = api.post("auth/signup", account)["session"]
        with psycopg.connect(stack.info.database_url) as connection:
            connection.execute(
                "UPDATE profiles SET role = 'admin' WHERE email = %s", [account["email"]]
            )
        return str(session["access_token"])


@pytest.fixture(scope="module")
def disabled(stack: LocalStack) -> str:
    """The access token of an account that was disabled."""
    account = {"email": "disabled@pixcrawler.test", "password": "of nobody any more"}
    with Api(stack.info.api_url) as api:
        session = api.post("auth/signup", account)["session"]
        with psycopg.connect(stack.info.database_url) as connection:
            connection.execute(
                "INSERT INTO account_locks (user_id, state) VALUES (%s, 'disabled')",
                [session["user"]["id"]],
            )
        return str(session["access_token"])


def call(http: httpx.Client, name: str, values: dict[str, str], **headers: str) -> httpx.Response:
    endpoint = endpoints[name]
    return http.request(
        endpoint.method, path_of(endpoint, values), headers=headers, json=BODIES.get(name),
        params=QUERIES.get(name),
    )  # fmt: skip


def problem(answer: httpx.Response) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["status"] == answer.status_code
    assert document["request_id"] == answer.headers["x-request-id"]
    return document


class TestCallers:
    @pytest.mark.parametrize("name", PRIVATE)
    def test_nobody_is_asked_to_sign_in(self, http: httpx.Client, name: str) -> None:
        answer = call(http, name, NOWHERE)
        assert problem(answer)["code"] == "unauthenticated"
        assert answer.status_code == 401
        assert "Bearer" in answer.headers["www-authenticate"]

    @pytest.mark.parametrize("name", PRIVATE)
    def test_a_forged_token_is_nobody(self, http: httpx.Client, name: str) -> None:
        answer = call(http, name, NOWHERE, Authorization=f"Bearer {FORGED}")
        assert problem(answer)["status"] == 401

    @pytest.mark.parametrize("name", PRIVATE)
    def test_an_unknown_key_is_nobody(self, http: httpx.Client, name: str) -> None:
        answer = call(http, name, NOWHERE, **{"X-API-Key": "pk_live_0000"})
        assert problem(answer)["status"] == 401

    @pytest.mark.parametrize("name", sorted({*PRIVATE} - {"sign_out"}))
    def test_a_disabled_account_does_nothing(
        self, http: httpx.Client, disabled: str, name: str
    ) -> None:
        answer = call(http, name, NOWHERE, Authorization=f"Bearer {disabled}")
        document = problem(answer)
        if endpoints[name].method == "GET" and endpoints[name].access != "admin":
            assert document["code"] == "account_disabled"
        assert document["status"] in (403, 415)  # a body that is not there comes first

    @pytest.mark.parametrize("name", ON_RESOURCES)
    def test_anothers_resource_is_as_one_that_does_not_exist(
        self, http: httpx.Client, owned: dict[str, str], other: str, name: str
    ) -> None:
        bearer = f"Bearer {other}"
        foreign = problem(call(http, name, owned, Authorization=bearer))
        nowhere = problem(call(http, name, NOWHERE, Authorization=bearer))
        assert foreign["status"] == 404
        for document in (foreign, nowhere):
            del document["request_id"], document["instance"]
        assert json.dumps(foreign) == json.dumps(nowhere)

    @pytest.mark.parametrize("name", FOR_ADMINS)
    def test_administration_is_for_administrators(
        self, http: httpx.Client, other: str, admin: str, name: str
    ) -> None:
        refused = call(http, name, NOWHERE, Authorization=f"Bearer {other}")
        assert (refused.status_code, problem(refused)["code"]) == (403, "forbidden")
        allowed = call(http, name, NOWHERE, Authorization=f"Bearer {admin}")
        assert allowed.status_code == (404 if endpoints[name].parameters else 200)


@pytest.fixture(scope="module")
def keys(stack: LocalStack) -> dict[str, str]:
    """A key per permission, and what it opens."""
    with signed_in(stack) as api:
        return {
            permission: api.post("api-keys", {"name": permission, "permissions": [permission]})[
                "key"
            ]
            for permission in sorted({str(endpoints[name].scope) for name in FOR_KEYS})
        }


class TestKeys:
    @pytest.mark.parametrize("name", FOR_KEYS)
    def test_opens_what_its_permission_says(
        self, http: httpx.Client, keys: dict[str, str], name: str
    ) -> None:
        for permission, key in keys.items():
            for header in ({"X-API-Key": key}, {"Authorization": f"Bearer {key}"}):
                answer = call(http, name, NOWHERE, **header)
                if permission == endpoints[name].scope:
                    assert answer.status_code not in (401, 403)
                else:
                    assert problem(answer)["code"] == "forbidden"

    @pytest.mark.parametrize("name", FOR_USERS)
    def test_never_opens_what_is_its_owners(
        self, http: httpx.Client, keys: dict[str, str], name: str
    ) -> None:
        for key in keys.values():
            for header in ({"X-API-Key": key}, {"Authorization": f"Bearer {key}"}):
                assert problem(call(http, name, NOWHERE, **header))["code"] == "forbidden"

    @pytest.mark.parametrize(
        "bearer", ["pk_live_", "pk_live_" + "0" * 56, "PK_LIVE_0", "pk_test_x"]
    )
    def test_what_is_none_opens_nothing(
        self, http: httpx.Client, keys: dict[str, str], bearer: str
    ) -> None:
        """Whatever else is sent: the bearer goes first."""
        key = keys["projects"]
        for headers in ({}, {"X-API-Key": key}):
            sent = {"Authorization": f"Bearer {bearer}", **headers}
            assert http.get("/api/v1/projects", headers=sent).status_code == 401

    def test_is_useless_as_soon_as_it_is_revoked(self, stack: LocalStack, api: Api) -> None:
        made = api.post("api-keys", {"name": "short-lived", "permissions": ["projects"]})
        headers = {"X-API-Key": made["key"]}
        with httpx.Client(base_url=stack.info.api_url, headers=headers, timeout=60) as http:
            assert http.get("/api/v1/projects").status_code == 200
            api.delete(f"api-keys/{made['id']}")
            assert http.get("/api/v1/projects").status_code == 401


class TestBadRequests:
    @pytest.mark.parametrize(
        ("method", "path", "content", "media_type", "status"),
        [
            ("POST", "/api/v1/projects", b"{", "application/json", 400),
            ("POST", "/api/v1/projects", b"[" * 100_000, "application/json", 400),
            ("POST", "/api/v1/projects", b"name=x", "application/x-www-form-urlencoded", 415),
            ("POST", "/api/v1/projects", b" " * 1_100_000, "application/json", 413),
            ("POST", "/api/v1/projects", '{"name":"x"}'.encode("utf-16"), "application/json", 400),
            ("POST", "/api/v1/projects", b'{"name":NaN}', "application/json", 400),
            ("POST", "/api/v1/projects", b"[]", "application/json", 422),
            ("POST", "/api/v1/projects", b'{"name":"\\u200b \\u2060"}', "application/json", 422),
            ("POST", "/api/v1/projects", b'{"name":"\\ud800"}', "application/json", 422),
            ("POST", "/api/v1/projects", b'{"name":""}', "application/json", 422),
            ("POST", "/api/v1/projects", b'{"name":"x","user_id":"y"}', "application/json", 422),
            ("POST", "/api/v1/projects", b'{"name":"a\\u0000b"}', "application/json", 422),
            ("GET", "/api/v1/projects?limit=1000000", b"", "", 422),
            ("GET", "/api/v1/projects?cursor=tampered", b"", "", 422),
            ("GET", "/api/v1/projects?sort=name", b"", "", 422),
            ("GET", "/api/v1/jobs/99999999999999", b"", "", 404),
            ("GET", "/api/v1/jobs/-1", b"", "", 404),
            ("GET", "/api/v1/nothing", b"", "", 404),
            ("PUT", "/api/v1/projects", b"", "", 405),
        ],
    )
    def test_are_explained(
        self,
        stack: LocalStack,
        api: Api,
        method: str,
        path: str,
        content: bytes,
        media_type: str,
        status: int,
    ) -> None:
        headers = {"Authorization": api.authorization, "Content-Type": media_type}
        with httpx.Client(base_url=stack.info.api_url, timeout=30) as http:
            answer = http.request(method, path, content=content, headers=headers)
        assert answer.status_code == status
        document = problem(answer)
        assert (status == 422) == bool(document.get("errors"))
        if status == 405:
            assert answer.headers["allow"] == "GET, POST"

    def test_a_deep_document_is_refused(self, stack: LocalStack, api: Api) -> None:
        """As no JSON or, by Python 3.13, which reads so many levels, as no project."""
        headers = {"Authorization": api.authorization, "Content-Type": "application/json"}
        content = b"[" * 900 + b"]" * 900
        url = f"{stack.info.api_url}/api/v1/projects"
        answer = httpx.post(url, content=content, headers=headers, timeout=30)
        assert answer.status_code in (400, 422)
        problem(answer)

    def test_a_cursor_belongs_to_its_list_and_filters(self, stack: LocalStack, api: Api) -> None:
        for name in ("first", "second"):
            api.post("projects", {"name": name})
        page = api.get("projects", limit=1)
        cursor = page["meta"]["next_cursor"]
        assert api.get("projects", limit=2, cursor=cursor)["data"]
        headers = {"Authorization": api.authorization}
        with httpx.Client(base_url=stack.info.api_url, headers=headers, timeout=30) as http:
            for elsewhere in ("jobs?", "activity?", "projects?status=archived&"):
                answer = http.get(f"/api/v1/{elsewhere}cursor={cursor}")
                assert answer.status_code == 422
                assert problem(answer)["errors"][0]["loc"] == ["query", "cursor"]

    def test_a_trailing_slash_means_the_same(self, api: Api) -> None:
        assert api.get("projects/") == api.get("projects")
