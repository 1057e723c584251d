"""An HTTP request as the worker gets it, and the worker's answer as a client gets it."""

import datetime as dt
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import quote

from scripts.devhost.host.dotnet import compact, text_of, token_text, utf8
from scripts.devhost.host.errors import InvocationError
from scripts.devhost.host.function_rpc import rpc
from scripts.devhost.host.http.request_and_response import Head, Response
from scripts.devhost.host.http.urls import encode_path, encode_query, parse_query
from scripts.devhost.host.workers import new_traceparent

_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE: Final = re.compile(r"[\t\x20-\x7e]*")
_LENGTH: Final = re.compile(r"[0-9]{1,18}")  # more is no Int64
_CHARSET: Final = re.compile(r"\s*;\s*charset=[^;]*", re.IGNORECASE)
_TRACEPARENT: Final = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})")
_PORT: Final = re.compile(r":\d+$")
_QUERY_VALUE: Final = re.compile(r"=[^&]*")
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")
_PLAIN: Final = "text/plain"
_SAME_SITE: Final = {
    rpc.RpcHttpCookie.Lax: "lax",
    rpc.RpcHttpCookie.Strict: "strict",
    rpc.RpcHttpCookie.ExplicitNone: "none",
}


def request_url(head: Head) -> str:
    """The URL of the request as the function sees it."""
    return f"http://{head.host}{encode_path(head.path)}{encode_query(head.query)}"


def http_request(head: Head, route: Mapping[str, str], body: bytes) -> Any:
    """The value of an HTTP trigger."""
    return rpc.TypedData(
        http=rpc.RpcHttp(
            method=head.method,
            url=request_url(head),
            headers=head.headers,
            query=parse_query(head.query),
            params=route,
            body=rpc.TypedData(bytes=body) if body else None,
        )
    )


def trace_context(head: Head) -> Any:
    """The span of the request, in the client's trace if it named one, as OpenTelemetry tags it."""
    given = _TRACEPARENT.fullmatch(head.headers.get("traceparent", ""))
    address = _PORT.sub("", head.host)
    attributes = {
        "http.request.method": head.method if head.method in _METHODS else "_OTHER",
        "network.protocol.version": "1.1" if head.is_http11 else "1.0",
        "server.address": address,
        "url.path": head.path,
        "url.query": _QUERY_VALUE.sub("=Redacted", head.query),
        "url.scheme": "http",
        "user_agent.original": head.headers.get("user-agent", ""),
    }
    return rpc.RpcTraceContext(
        trace_parent=new_traceparent(*given.groups()) if given else new_traceparent(),
        trace_state=head.headers.get("tracestate", "") if given else "",
        attributes={name: value for name, value in attributes.items() if value},
    )


def http_response(value: Any) -> Response:
    """The response that a function's result stands for."""
    kind = value.WhichOneof("data")
    if kind == "http":
        http = value.http
        content = getattr(http.body, http.body.WhichOneof("data") or "bytes")
        return _respond(_status(http.status_code), http.headers, http.cookies, content)
    if kind in ("string", "json"):
        return _respond_to_text(getattr(value, kind))
    raise InvocationError(f"The function returned {kind or 'nothing'}, not an HTTP response.")


def _respond(
    status: int, headers: Mapping[str, Any], cookies: Iterable[Any], content: bytes | str
) -> Response:
    """A response with these headers; 500 with those before it where one is unsound.

    Of headers whose names differ in case only, the first one counts.
    """
    body = content if isinstance(content, bytes) else utf8(content)
    response = Response(status, body)
    for name, value in _lines(headers, cookies):
        if not is_sound(name, value):
            return Response(500, b"", response.headers)
        if name == "Set-Cookie" or response.get(name) is None:
            response.headers.append((name, value))
    if isinstance(content, str):
        kind = _CHARSET.sub("", response.get("content-type") or _PLAIN)
        response.set("Content-Type", f"{kind}; charset=utf-8")
    return response


def _lines(headers: Mapping[str, Any], cookies: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """The header lines, the content type first; an empty one is none."""
    named = {name.lower(): name for name in headers}
    if kind := headers.get(named.get("content-type", "")):
        yield "Content-Type", text_of(kind)
    for name, value in headers.items():
        if name.lower() != "content-type":
            yield name, text_of(value)
    for cookie in cookies:
        if not _NAME.fullmatch(cookie.name):
            yield "", ""
        yield "Set-Cookie", _cookie(cookie)


def is_sound(name: str, value: str) -> bool:
    """Whether Kestrel sends such a header; one that it does not fails the answer."""
    if name.lower() == "content-length" and not _LENGTH.fullmatch(value):
        return False
    return bool(_NAME.fullmatch(name) and _VALUE.fullmatch(value))


def _cookie(cookie: Any) -> str:
    """The cookie as ASP.NET Core writes it, with the value escaped once more."""
    parts = [f"{cookie.name}={quote(cookie.value, safe='')}"]
    if cookie.HasField("expires"):
        moment = cookie.expires.value.ToDatetime(tzinfo=dt.UTC)
        parts.append(f"expires={format_datetime(moment, usegmt=True)}")
    if cookie.HasField("max_age"):
        parts.append(f"max-age={int(cookie.max_age.value)}")
    if cookie.HasField("domain"):
        parts.append(f"domain={cookie.domain.value}")
    if cookie.HasField("path"):
        parts.append(f"path={cookie.path.value}")
    if cookie.secure.value:
        parts.append("secure")
    if cookie.same_site in _SAME_SITE:
        parts.append(f"samesite={_SAME_SITE[cookie.same_site]}")
    if cookie.http_only.value:
        parts.append("httponly")
    return "; ".join(parts)


def _respond_to_text(text: str) -> Response:
    """A returned string is read as JSON first; an object with `body` is a whole response."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return _respond(200, {}, (), text)
    if not isinstance(value, dict | list):
        return _respond(200, {}, (), text_of(value))
    fields = (
        {name.lower(): item for name, item in value.items()}
        if value and isinstance(value, dict)
        else {}
    )
    if "body" not in fields:
        return _respond(200, {}, (), token_text(value))
    headers = fields.get("headers")
    body = fields["body"]
    content = compact(body) if isinstance(body, dict) else text_of(body)
    status = _status(fields.get("statuscode", fields.get("status")))
    return _respond(status, headers if isinstance(headers, dict) else {}, (), content)


def _status(given: Any) -> int:
    """The number that is given, or 200 where it is no Int32."""
    is_number = isinstance(given, int) and not isinstance(given, bool)
    is_text = isinstance(given, str) and re.fullmatch(r"\s*[+-]?[0-9]{1,10}\s*", given)
    status = int(given) if is_number or is_text else 200
    return status if -(2**31) <= status < 2**31 else 200
