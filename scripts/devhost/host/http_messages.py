"""An HTTP request as the worker gets it, and the worker's answer as a client gets it."""

import json
from collections.abc import Mapping
from typing import Any

from scripts.devhost.host.errors import InvocationError
from scripts.devhost.host.messages import rpc

HttpReply = tuple[int, list[tuple[str, str]], bytes]


def http_request(
    method: str,
    url: str,
    headers: Mapping[str, str],
    query: Mapping[str, str],
    route: Mapping[str, str],
    body: bytes,
) -> Any:
    """The value of an HTTP trigger."""
    return rpc.TypedData(
        http=rpc.RpcHttp(
            method=method,
            url=url,
            headers=headers,
            query=query,
            params=route,
            body=rpc.TypedData(bytes=body) if body else None,
        )
    )


def http_reply(value: Any) -> HttpReply:
    """Status, headers and body that a function's result stands for."""
    kind = value.WhichOneof("data")
    if kind == "http":
        return _response(value.http)
    if kind in ("string", "json"):
        return _sniffed_reply(getattr(value, kind))
    raise InvocationError(f"The function returned {kind or 'nothing'}, not an HTTP response.")


def _response(http: Any) -> HttpReply:
    headers = list(http.headers.items())
    headers += [("Set-Cookie", _cookie(cookie)) for cookie in http.cookies]
    body = http.body
    kind = body.WhichOneof("data")
    content = getattr(body, kind) if kind else b""
    return int(http.status_code), headers, content if kind == "bytes" else str(content).encode()


def _cookie(cookie: Any) -> str:
    parts = [f"{cookie.name}={cookie.value}"]
    if cookie.secure.value:
        parts.append("Secure")
    if cookie.http_only.value:
        parts.append("HttpOnly")
    if cookie.path.value:
        parts.append(f"Path={cookie.path.value}")
    return "; ".join(parts)


def _sniffed_reply(text: str) -> HttpReply:
    """A returned string is read as JSON first; an object with `body` is a whole response."""
    try:
        value = json.loads(text)
    except ValueError:
        return 200, [("Content-Type", "text/plain; charset=utf-8")], text.encode()
    if not isinstance(value, dict) or "body" not in value:
        kind = "application/json; charset=utf-8"
        return 200, [("Content-Type", kind)], json.dumps(value).encode()
    status = int(str(value.get("status") or value.get("statusCode") or 200))
    headers = [(str(name), str(item)) for name, item in value.get("headers", {}).items()]
    body = value["body"]
    return status, headers, (body if isinstance(body, str) else json.dumps(body)).encode()
