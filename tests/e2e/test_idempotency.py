"""Idempotency keys on the running app: many workers, one effect, also after a restart."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest

from scripts.crawl.api import Api
from scripts.devhost.stack import LocalStack
from tests.crawling import wait_for

PROJECTS = "/api/v1/projects"


@pytest.fixture
def http(stack: LocalStack, api: Api) -> Iterator[httpx.Client]:
    headers = {"Authorization": api.authorization}
    with httpx.Client(base_url=stack.info.api_url, headers=headers, timeout=60) as client:
        yield client


def create(http: httpx.Client, key: str, name: str) -> httpx.Response:
    return http.post(PROJECTS, json={"name": name}, headers={"Idempotency-Key": key})


def named(api: Api, name: str) -> int:
    return sum(1 for project in api.every("projects") if project["name"] == name)


class TestIdempotencyKey:
    def test_fifty_equal_creates_at_once_make_one_project(
        self, api: Api, http: httpx.Client
    ) -> None:
        key, name = uuid4().hex, f"once-{uuid4()}"
        with ThreadPoolExecutor(50) as threads:
            answers = list(threads.map(lambda _: create(http, key, name), range(50)))
        created = [answer for answer in answers if answer.status_code == 201]
        assert len({answer.content for answer in created}) == 1
        assert {a.json()["code"] for a in answers if a.status_code != 201} <= {
            "idempotency_key_in_use"
        }
        assert sum("idempotent-replayed" not in answer.headers for answer in created) == 1
        assert named(api, name) == 1

    def test_holds_across_a_restart(self, stack: LocalStack, api: Api, http: httpx.Client) -> None:
        key, name = uuid4().hex, f"survivor-{uuid4()}"
        first = create(http, key, name)
        stack.restart("host")
        wait_for(lambda: http.get("/health/live").status_code, lambda status: status == 200)
        again = create(http, key, name)
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert again.headers["location"] == first.headers["location"]
        assert again.headers["idempotent-replayed"] == "true"
        other = create(http, key, "other")
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
        assert named(api, name) == 1

    def test_a_key_of_256_characters_is_refused(self, http: httpx.Client) -> None:
        answer = create(http, "k" * 256, "long")
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"] == ["header", "Idempotency-Key"]
