"""Answers: conditional reads, links between pages, headers of HTML."""

from collections.abc import Mapping
from typing import Any

import azure.functions as func
import pytest
from pydantic import BaseModel

from shared.platform.http.answer import Reply, in_ascii, render, security_headers, with_successor
from shared.platform.http.pagination import Page, PageMeta
from shared.platform.http.registry import Endpoint


class Thing(BaseModel):
    name: str


def declared(**changes: Any) -> Endpoint:
    fields: dict[str, Any] = {
        "name": "get_thing", "method": "GET", "path": "api/v1/jobs/{job_id:int}/things",
        "summary": "", "access": "public", "scope": None, "returns": {200: Thing}, "raises": (),
        "parameters": {"job_id": int}, "body": None, "query": None, "etag": True, "internal": False,
    }  # fmt: skip
    return Endpoint(**(fields | changes))


def request(
    params: Mapping[str, str] | None = None, *, if_none_match: str = ""
) -> func.HttpRequest:
    headers = {"if-none-match": if_none_match}
    return func.HttpRequest(
        "GET", "/", headers=headers, params=params, route_params={"job_id": "7"}, body=b""
    )


THING = Thing(name="cat")
ETAG = render(declared(), THING, request()).headers["ETag"]


class TestConditional:
    @pytest.mark.parametrize("given", [ETAG, f"W/{ETAG}", f'"other", W/{ETAG}', "*", f'{ETAG},"x"'])
    def test_what_the_caller_has_is_not_sent(self, given: str) -> None:
        answer = render(declared(), THING, request(if_none_match=given))
        assert (answer.status, answer.body) == (304, b"")
        assert answer.headers["ETag"] == ETAG

    @pytest.mark.parametrize("given", ["", '"other"', ETAG[1:-1], ETAG[:-2]])
    def test_anything_else_is(self, given: str) -> None:
        answer = render(declared(), THING, request(if_none_match=given))
        assert (answer.status, answer.body) == (200, b'{"name":"cat"}')

    def test_writes_are_never_304(self) -> None:
        answer = render(declared(method="POST"), THING, request(if_none_match="*"))
        assert answer.status == 200


class TestLink:
    def page(self, cursor: str | None) -> Page[Thing]:
        return Page(data=[THING], meta=PageMeta(limit=1, next_cursor=cursor))

    def test_leads_to_the_next_page_of_the_same_list(self) -> None:
        answer = render(declared(), self.page("abc"), request({"limit": "1", "status": "a&b"}))
        assert answer.headers["Link"] == (
            '</api/v1/jobs/7/things?limit=1&status=a%26b&cursor=abc>; rel="next"'
        )

    def test_the_last_page_has_none(self) -> None:
        assert "Link" not in render(declared(), self.page(None), request()).headers

    def test_an_older_name_says_so_beside_the_next_page(self) -> None:
        answer = with_successor(
            render(declared(), self.page("abc"), request()),
            "api/v1/jobs/{job_id}/pictures",
            {"job_id": "7"},
        )
        assert answer.headers["Deprecation"] == "@1795392000"
        assert answer.headers["Link"] == (
            '</api/v1/jobs/7/things?cursor=abc>; rel="next", '
            '</api/v1/jobs/7/pictures>; rel="successor-version"'
        )


class TestReply:
    def test_says_status_headers_and_bytes(self) -> None:
        reply = Reply(content=b"<p>", media_type="text/html", status=418, headers={"X": "y"})
        answer = render(declared(etag=False), reply, request())
        assert (answer.status, answer.headers, answer.body) == (418, {"X": "y"}, b"<p>")


class TestSecurityHeaders:
    def test_html_may_load_nothing_unless_it_says_so(self) -> None:
        assert (
            "default-src 'none'"
            in (security_headers("text/html", https=True)["Content-Security-Policy"])
        )
        assert "Content-Security-Policy" not in security_headers("application/json", https=True)

    def test_https_is_for_good_outside_development(self) -> None:
        assert "Strict-Transport-Security" in security_headers("application/json", https=True)
        assert "Strict-Transport-Security" not in security_headers("text/html", https=False)

    def test_nothing_personal_is_kept(self) -> None:
        headers = security_headers("application/json", https=False)
        assert (
            headers.items()
            >= {
                "X-Content-Type-Options": "nosniff",
                "Referrer-Policy": "no-referrer",
                "Cache-Control": "no-store",
            }.items()
        )


class TestHeaders:
    @pytest.mark.parametrize(
        ("value", "sent"),
        [
            ("/jobs/7?cursor=a%2Fb", "/jobs/7?cursor=a%2Fb"),
            ('</jobs?q=caf\u00e9>; rel="next"', '</jobs?q=caf%C3%A9>; rel="next"'),
            ("\U0001f600", "%F0%9F%98%80"),
        ],
    )
    def test_what_is_not_ascii_is_sent_in_percent_codes(self, value: str, sent: str) -> None:
        assert in_ascii({"Link": value}) == {"Link": sent}
