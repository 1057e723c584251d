"""From what a handler returns to the answer: body, status, caching, link and security headers."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from string import printable
from typing import cast
from urllib.parse import quote, urlencode

from pydantic import BaseModel

from shared.platform.http.pagination import Page
from shared.platform.http.registry import Endpoint, fill
from shared.platform.http.request import Request

JSON = "application/json"
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    # What a page of another origin may read; the platform's CORS has no setting for it.
    "Access-Control-Expose-Headers": "Deprecation, ETag, Link, Location, Idempotent-Replayed, "
    "RateLimit, RateLimit-Policy, Retry-After, X-Request-ID",
}
DEPRECATED_SINCE = "@1795392000"  # 2026-11-23, when this API took the place of the older one
NOTHING_ALLOWED = "default-src 'none'; frame-ancestors 'none'"
STRICT_TRANSPORT = "max-age=31536000; includeSubDomains"


@dataclass(frozen=True)
class Reply:
    """An answer with its own headers (``Location``), status, or bytes that are not JSON."""

    body: BaseModel | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int | None = None
    content: bytes = b""
    media_type: str = JSON


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back."""

    status: int
    headers: dict[str, str]
    body: bytes
    media_type: str = JSON


def render(declared: Endpoint, result: object, request: Request) -> Answer:
    """The answer for a handler's ``result``; 304 without a body when the caller has it already."""
    reply = result if isinstance(result, Reply) else Reply(cast("BaseModel | None", result))
    body = reply.body.model_dump_json().encode() if reply.body else reply.content
    headers = dict(reply.headers)
    status = reply.status or declared.status
    if isinstance(reply.body, Page) and reply.body.meta.next_cursor:
        query = urlencode({**request.params, "cursor": reply.body.meta.next_cursor})
        headers["Link"] = f'<{declared.fill(request.route_params)}?{query}>; rel="next"'
    if declared.etag:
        headers["ETag"] = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        if declared.method == "GET" and _matches(
            headers["ETag"], request.headers.get("if-none-match", "")
        ):
            status, body = 304, b""
    return Answer(status, headers, body, reply.media_type)


def with_successor(answer: Answer, successor: str, parameters: Mapping[str, str]) -> Answer:
    """The answer of a deprecated endpoint, saying so (RFC 9745) and what to call (RFC 5829)."""
    link = f'<{fill(successor, parameters)}>; rel="successor-version"'
    links = filter(None, (answer.headers.get("Link"), link))
    headers = {"Deprecation": DEPRECATED_SINCE, "Link": ", ".join(links)}
    return replace(answer, headers=answer.headers | headers)


def security_headers(media_type: str, *, https: bool) -> dict[str, str]:
    """What every answer carries unless it says otherwise."""
    headers = dict(SECURITY_HEADERS)
    if media_type == "text/html":
        headers["Content-Security-Policy"] = NOTHING_ALLOWED
    if https:
        headers["Strict-Transport-Security"] = STRICT_TRANSPORT
    return headers


def in_ascii(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers with percent codes for what is not ASCII: the host answers such a one with 500.

    What has it comes from addresses, where percent codes mean the same.
    """
    return {
        name: value if value.isascii() else quote(value, safe=printable)
        for name, value in headers.items()
    }


def _matches(etag: str, if_none_match: str) -> bool:
    """The weak comparison of RFC 9110: ``W/"x"`` equals ``"x"``."""
    given = (item.strip().removeprefix("W/") for item in if_none_match.split(","))
    return if_none_match.strip() == "*" or etag in given
