"""The smoke test's checks of what a frontend needs find each way in which it may be missing."""

from collections.abc import Callable, Iterator
from itertools import cycle

import httpx
import pytest

from scripts.azure import browser
from scripts.azure.checks import CheckFailed
from scripts.crawl.api import Api, ApiError

OWN = "https://app.example.com"
Answer = Callable[[httpx.Request], httpx.Response]


def client(answer: Answer) -> httpx.Client:
    return httpx.Client(base_url="http://api.test", transport=httpx.MockTransport(answer))


class TestLimits:
    @staticmethod
    def counted(*counts: str, policy: str = '"default";q=100;w=60') -> httpx.Client:
        """Answers with these RateLimit headers, one after the other."""
        rest: Iterator[str] = cycle(counts)

        def answer(_: httpx.Request) -> httpx.Response:
            headers = {"RateLimit-Policy": policy, "RateLimit": next(rest)}
            return httpx.Response(200, headers={k: v for k, v in headers.items() if v})

        return client(answer)

    @pytest.mark.parametrize(
        "counts",
        [
            ('"default";r=99;t=60', '"default";r=98;t=60'),
            ('"default";r=99;t=60', '"default";r=95;t=59'),  # somebody else reads too
            ('"default";r=7;t=1', '"default";r=99;t=60', '"default";r=98;t=60'),  # a new window
        ],
    )
    def test_that_count_pass(self, counts: tuple[str, ...]) -> None:
        with self.counted(*counts) as http:
            assert browser.limits(http, "Bearer t").endswith(" of 100 left")

    @pytest.mark.parametrize(
        ("counts", "policy"),
        [
            (('"default";r=99;t=60',), '"default";q=100;w=60'),  # always the same
            (('"default";r=98;t=60', '"default";r=99;t=60'), '"default";q=100;w=60'),
            (('"default";r=99;t=60', '"default";r=98;t=60'), ""),
            (("",), '"default";q=100;w=60'),
            (('"write";r=9;t=60', '"write";r=8;t=60'), '"default";q=100;w=60'),
            (('"default";r=99;t=60', '"default";r=98;t=60'), '"default";q=10;w=60'),
        ],
    )
    def test_that_do_not_are_found(self, counts: tuple[str, ...], policy: str) -> None:
        with self.counted(*counts, policy=policy) as http, pytest.raises(CheckFailed):
            browser.limits(http, "Bearer t")


class TestOrigin:
    @staticmethod
    def allowing(
        *origins: str, methods: str = "PATCH", headers: str = "authorization,content-type",
        reads: bool = True,
    ) -> httpx.Client:  # fmt: skip
        def answer(request: httpx.Request) -> httpx.Response:
            origin = request.headers["Origin"]
            allowed = {"Access-Control-Allow-Origin": "*" if "*" in origins else origin}
            if origin not in origins and "*" not in origins:
                allowed = {}
            if request.method == "GET":
                return httpx.Response(200, headers=allowed if reads else {})
            rest = {
                "Access-Control-Allow-Methods": methods,
                "Access-Control-Allow-Headers": headers,
            }
            return httpx.Response(204, headers=allowed | rest)

        return client(answer)

    def test_that_is_allowed_passes(self) -> None:
        with self.allowing(OWN) as http:
            assert browser.origin(http, OWN + "/") == OWN
        with self.allowing(OWN, methods="GET, PATCH", headers="*") as http:
            assert browser.origin(http, OWN) == OWN

    @pytest.mark.parametrize(
        ("http", "said"),
        [
            (allowing(), "may not call"),
            (allowing("https://other.example.com"), "may not call"),
            (allowing("*"), "every origin may call"),
            (allowing(OWN, browser.FOREIGN), "every origin may call"),
            (allowing(OWN, methods="GET"), "Allow-Methods lacks patch"),
            (allowing(OWN, headers="content-type"), "Allow-Headers lacks authorization"),
            (allowing(OWN, reads=False), "may not read"),
        ],
    )
    def test_that_is_not_is_found(self, http: httpx.Client, said: str) -> None:
        with http, pytest.raises(CheckFailed, match=said):
            browser.origin(http, OWN)

    def test_is_one(self) -> None:
        with self.allowing(OWN) as http, pytest.raises(CheckFailed, match="is no origin"):
            browser.origin(http, "app.example.com")


class TestCalls:
    JOB = {"id": 7, "project_id": 3}  # noqa: RUF012 - read only
    PAGE = {"data": [], "meta": {"limit": 20, "next_cursor": None}}  # noqa: RUF012
    RIGHT = {  # noqa: RUF012
        "projects": PAGE, "jobs": PAGE, "jobs/7/logs": PAGE, "notifications": PAGE,
        "projects/3": {"id": 3}, "jobs/7": JOB, "dashboard/stats": dict.fromkeys(browser.FIGURES),
    }  # fmt: skip

    @staticmethod
    def api(answers: dict[str, object]) -> Api:
        def answer(request: httpx.Request) -> httpx.Response:
            path = request.url.path.removeprefix("/api/v1/")
            return httpx.Response(200, json=answers[path]) if path in answers else missing

        missing = httpx.Response(404, json={"detail": "Nothing here.", "code": "not_found"})
        api = Api("http://api.test")
        api._http = httpx.Client(
            base_url="http://api.test/api/v1/", transport=httpx.MockTransport(answer)
        )
        return api

    def test_all_answered_pass(self) -> None:
        assert browser.calls(self.api(dict(self.RIGHT)), self.JOB) == "7 calls"

    @pytest.mark.parametrize(
        ("path", "instead"),
        [
            ("projects", []),
            ("jobs", {"data": None, "meta": {}}),
            ("notifications", {"data": [], "meta": {}}),
            ("jobs/7", {"id": 7, "project_id": 4}),
            ("dashboard/stats", {"total_projects": 1}),
        ],
    )
    def test_another_form_is_found(self, path: str, instead: object) -> None:
        with pytest.raises(CheckFailed):
            browser.calls(self.api(self.RIGHT | {path: instead}), self.JOB)

    @pytest.mark.parametrize("path", RIGHT)
    def test_one_that_is_missing_is_found(self, path: str) -> None:
        rest = {name: answer for name, answer in self.RIGHT.items() if name != path}
        with pytest.raises(ApiError, match="Nothing here"):
            browser.calls(self.api(rest), self.JOB)
