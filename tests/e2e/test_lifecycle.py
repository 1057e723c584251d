"""What users do besides crawling, through the API of the whole stack."""

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psycopg
import pytest
from PIL import Image

from scripts.crawl.api import Api
from scripts.devhost.stack import LocalStack
from tests.crawling import blobs_of, start_crawl, wait_for, wait_for_end


@pytest.fixture
def http(stack: LocalStack, api: Api) -> Iterator[httpx.Client]:
    """The API as the same user, answers as they come."""
    headers = {"Authorization": api.authorization}
    url = f"{stack.info.api_url}/api/v1/"
    with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
        yield client


def send(http: httpx.Client, method: str, path: str, status: int, **body: Any) -> Any:
    answer = http.request(method, path, json=body or None)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


@pytest.fixture
def job_id(api: Api) -> int:
    """A completed job with three images."""
    job_id = start_crawl(api, ("cat",), 3)
    assert wait_for_end(api, job_id)["status"] == "completed"
    return job_id


STARTS = 50


def waiting(stack: LocalStack) -> int:
    """How many of the app's transactions wait for somebody's lock."""
    with psycopg.connect(stack.info.database_url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ).fetchone()
    return int(row[0]) if row else 0


class TestStart:
    def test_many_at_once_start_once(self, stack: LocalStack, api: Api, http: httpx.Client) -> None:
        """All of them come in before the first one has started anything."""
        project = api.post("projects", {"name": "p"})
        body = {"project_id": project["id"], "name": "j", "keywords": ["cat"], "max_images": 1}
        job_id = api.post("jobs", body)["id"]
        with (
            ThreadPoolExecutor(STARTS) as threads,
            psycopg.connect(stack.info.database_url) as connection,
        ):
            connection.execute("SELECT FROM crawl_jobs WHERE id = %s FOR UPDATE", [job_id])
            asked = [threads.submit(http.post, f"jobs/{job_id}/start") for _ in range(STARTS)]
            wait_for(lambda: waiting(stack), lambda count: count == STARTS)
            assert not any(one.done() for one in asked)
            connection.rollback()
            assert [one.result().status_code for one in asked] == [202] * STARTS
        assert wait_for_end(api, job_id)["status"] == "completed"
        with psycopg.connect(stack.info.database_url) as connection:
            held = connection.execute(
                "SELECT count(*) FROM credit_holds WHERE job_id = %s", [job_id]
            ).fetchone()
        assert held == (1,)
        url = f"{stack.info.api_url}/runtime/webhooks/durabletask/instances"
        instances = [one["instanceId"] for one in httpx.get(url, timeout=60).json()]
        assert [name for name in instances if name.startswith(f"job-{job_id}-")] == [
            f"job-{job_id}-1"
        ]


class TestDataset:
    def test_thumbnails_are_small_and_a_deleted_image_leaves_no_blob(
        self, stack: LocalStack, api: Api, http: httpx.Client, job_id: int
    ) -> None:
        images = list(api.every(f"jobs/{job_id}/images"))
        for image in images:
            thumbnail = Image.open(io.BytesIO(api.content(f"images/{image['id']}/thumbnail")))
            assert (thumbnail.format, max(thumbnail.size) <= 256) == ("WEBP", True)
        before = blobs_of(stack, job_id)
        send(http, "DELETE", f"images/{images[0]['id']}", 204)
        send(http, "GET", f"images/{images[0]['id']}", 404)
        after = wait_for(lambda: blobs_of(stack, job_id), lambda blobs: len(blobs) < len(before))
        assert {images[0]["hash"] in name for name in before - after} == {True}
        kept = [image for image in images[1:] if not image["is_duplicate"]]
        assert api.get(f"jobs/{job_id}")["valid_images"] == len(kept)

    def test_a_deleted_project_leaves_nothing(
        self, stack: LocalStack, api: Api, http: httpx.Client, job_id: int
    ) -> None:
        project_id = api.get(f"jobs/{job_id}")["project_id"]
        assert blobs_of(stack, job_id)
        send(http, "DELETE", f"projects/{project_id}", 204)
        send(http, "GET", f"jobs/{job_id}", 404)
        wait_for(lambda: blobs_of(stack, job_id), lambda blobs: not blobs)

    def test_chunks_tell_what_became_of_them(self, api: Api, job_id: int) -> None:
        chunks = list(api.every(f"jobs/{job_id}/chunks"))
        assert sum(chunk["stored"] for chunk in chunks) == 3
        assert {chunk["status"] for chunk in chunks} == {"completed"}

    def test_the_older_name_starts_what_it_creates(self, api: Api) -> None:
        project = api.post("projects", {"name": "older"})
        body = {"project_id": project["id"], "name": "j", "keywords": ["cat"], "max_images": 1}
        job = api.post("crawl-jobs", body)
        assert job["status"] == "running"
        wait_for_end(api, job["id"])
        assert api.get(f"crawl-jobs/{job['id']}") == api.get(f"jobs/{job['id']}")


class TestAccount:
    def test_a_session_is_renewed_verified_and_revoked(self, stack: LocalStack) -> None:
        account = {"email": "session@pixcrawler.test", "password": "of a session"}
        with httpx.Client(base_url=f"{stack.info.api_url}/api/v1/", timeout=30) as http:
            send(http, "POST", "auth/signup", 201, **account)
            session = send(http, "POST", "auth/login", 200, **account)
            renewed = send(
                http, "POST", "auth/refresh", 200, refresh_token=session["refresh_token"]
            )
            http.headers["Authorization"] = f"Bearer {renewed['access_token']}"
            seen = send(http, "POST", "auth/verify-token", 200)
            assert (seen["valid"], seen["email"]) == (True, account["email"])
            profile = send(http, "PATCH", "auth/profile", 200, full_name="Some One")
            assert send(http, "POST", "auth/sync-profile", 200)["full_name"] == "Some One"
            assert send(http, "GET", "auth/me", 200) == send(http, "GET", "auth/profile", 200)
            assert profile["id"] == seen["user_id"]
            send(http, "POST", "auth/logout", 204)
            token = renewed["refresh_token"]
            refused = send(http, "POST", "auth/refresh", 401, refresh_token=token)
            assert refused["code"] == "invalid_refresh_token"

    def test_figures_lists_and_settings(self, http: httpx.Client, job_id: int) -> None:
        stats = send(http, "GET", "dashboard/stats", 200)
        assert stats["images"] >= 3
        assert stats["total_images"] == stats["images"]
        usage = send(http, "GET", "credits/transactions?type=usage", 200)["data"]
        assert usage[0]["metadata"]["job_id"] == job_id
        assert usage[0]["amount"] == -3
        send(http, "GET", "credits/usage?from=2026-01-01&to=2026-01-31", 200)
        send(http, "GET", "credits/usage?from=2026-02-01&to=2026-01-31", 422)
        trail = send(http, "GET", "activity?resource_type=job", 200)["data"]
        assert trail[0]["action"] == "job.completed"
        settings = send(http, "PATCH", "credits/settings", 200, refill_threshold=7)
        assert (settings["refill_threshold"], settings["monthly_limit_enforced"]) == (7, False)

    def test_notifications_are_read_and_deleted(self, http: httpx.Client, job_id: int) -> None:
        page = wait_for(
            lambda: send(http, "GET", "notifications?unread=true", 200),
            lambda page: any(str(job_id) in n["action_url"] for n in page["data"]),
        )
        newest = page["data"][0]["id"]
        assert send(http, "PATCH", f"notifications/{newest}/read", 200)["is_read"]
        assert not send(http, "PATCH", f"notifications/{newest}", 200, is_read=False)["is_read"]
        assert send(http, "POST", "notifications/mark-all-read", 200)["updated"] >= 1
        assert send(http, "PATCH", "notifications/read-all", 200) == {"updated": 0}
        send(http, "DELETE", f"notifications/{newest}", 204)
        send(http, "DELETE", f"notifications/{newest}", 404)
        changed = send(http, "PATCH", "notifications/preferences", 200, quiet_hours_start="22:00")
        assert changed == send(http, "GET", "notifications/preferences", 200)
        assert changed["quiet_hours_start"] == "22:00:00"

    def test_a_rotated_key_opens_with_its_new_secret_alone(
        self, stack: LocalStack, api: Api, http: httpx.Client
    ) -> None:
        made = api.post("api-keys", {"name": "rotated", "permissions": ["projects"]})
        turned = send(http, "POST", f"api-keys/{made['id']}/rotate", 200)
        with httpx.Client(base_url=f"{stack.info.api_url}/api/v1/", timeout=30) as plain:
            for secret, status in ((made["key"], 401), (turned["key"], 200)):
                answer = plain.get("projects", headers={"X-API-Key": secret})
                assert answer.status_code == status
        usage = send(http, "GET", f"api-keys/{made['id']}/usage", 200)
        assert usage["usage_count"] == 1
        assert "key" not in send(http, "GET", "api-keys", 200)["data"][0]
