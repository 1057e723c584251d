"""Rate limits on the running app, whose two workers count together."""

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import http_sf
import httpx
import pytest

from scripts.crawl.api import Api
from scripts.devhost.stack import LocalStack

QUOTA = 20


@pytest.fixture(scope="module")
def strict() -> Iterator[LocalStack]:
    """A stack that limits sign-ins as Azure does."""
    with tempfile.TemporaryDirectory(prefix="pixcrawler-limits-") as directory:
        Path(directory).chmod(0o755)
        with LocalStack(Path(directory), environment={"LIMITER_AUTH_TIMES": "5"}) as running:
            yield running


class TestKeyLimit:
    def test_all_workers_together_let_exactly_the_quota_through(
        self, stack: LocalStack, api: Api
    ) -> None:
        made = api.post(
            "api-keys", {"name": "limited", "permissions": ["projects"], "rate_limit": QUOTA}
        )
        url = f"{stack.info.api_url}/api/v1/projects"
        headers = {"X-API-Key": made["key"]}
        with (
            httpx.Client(headers=headers, timeout=60) as http,
            ThreadPoolExecutor(16) as threads,
        ):
            answers = list(threads.map(lambda _: http.get(url), range(3 * QUOTA)))
        allowed = [answer for answer in answers if answer.status_code == 200]
        refused = [answer for answer in answers if answer.status_code != 200]
        assert len(allowed) == QUOTA
        left = {limits(answer, "ratelimit")["key"]["r"] for answer in allowed}
        assert left == set(range(QUOTA))
        for answer in refused:
            assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
            assert answer.headers["retry-after"] == str(limits(answer, "ratelimit")["key"]["t"])
            assert limits(answer, "ratelimit-policy")["key"] == {"q": QUOTA, "w": 3600}


class TestSignInLimit:
    def test_a_guesser_is_stopped_and_others_are_not(self, strict: LocalStack) -> None:
        user = strict.info.users[0]
        url = f"{strict.info.api_url}/api/v1/auth/login"

        def guess(n: int) -> int:
            body = {"email": user.email, "password": f"guess-{n}"}
            headers = {"X-Forwarded-For": f"10.9.8.{n}, 192.0.2.1:{40000 + n}"}
            return httpx.post(url, json=body, headers=headers, timeout=60).status_code

        with ThreadPoolExecutor(8) as threads:
            statuses = list(threads.map(guess, range(100)))
        assert sorted(set(statuses)) == [401, 429]
        assert statuses.count(429) == 95
        elsewhere = httpx.post(
            url,
            json={"email": user.email, "password": user.password},
            headers={"X-Forwarded-For": "192.0.2.2"},
            timeout=60,
        )
        assert elsewhere.status_code == 200
        assert limits(elsewhere, "ratelimit-policy") == {"auth": {"q": 5, "w": 60}}


class TestHeaders:
    def test_unlimited_endpoints_have_none(self, stack: LocalStack) -> None:
        assert "ratelimit" not in httpx.get(f"{stack.info.api_url}/health/live", timeout=60).headers

    def test_reads_and_writes_have_their_own(self, stack: LocalStack, api: Api) -> None:
        headers = {"Authorization": api.authorization}
        with httpx.Client(base_url=stack.info.api_url, headers=headers, timeout=60) as http:
            read = http.get("/api/v1/projects")
            write = http.post("/api/v1/projects", json={"name": "limits"})
        assert list(limits(read, "ratelimit")) == ["default"]
        assert list(limits(write, "ratelimit")) == ["write"]


def limits(answer: httpx.Response, header: str) -> dict[str, dict[str, int]]:
    """The policies of a header, by name."""
    parsed: Any = http_sf.parse(answer.headers[header].encode(), tltype="list")
    return dict(parsed)


class TestLength:
    """The host hands a body over empty that comes without Content-Length."""

    def test_a_body_in_chunks_is_refused_and_told_why(self, stack: LocalStack, api: Api) -> None:
        made = api.post("api-keys", {"name": "chunks", "permissions": ["projects"]})
        headers = {"X-API-Key": made["key"], "Content-Type": "application/json"}
        with httpx.Client(base_url=stack.info.api_url, headers=headers) as http:
            whole = http.post("/api/v1/projects", content=b'{"name": "whole"}')
            chunks = http.post("/api/v1/projects", content=iter([b'{"name": ', b'"chunks"}']))
            empty = http.post("/api/v1/projects", content=b"")
        assert whole.status_code == 201
        assert (chunks.status_code, chunks.json()["code"]) == (411, "length_required")
        assert "Content-Length" in chunks.json()["detail"]
        assert (empty.status_code, empty.json()["code"]) == (400, "bad_request")
