"""An answer in bytes, framed as Kestrel frames it."""

import time
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from scripts.devhost.host.http.request_and_response import Head, Response

_BODILESS: Final = (204, 205, 304)
_UNSIZED: Final = (204, 304)
_PHRASES: Final = {status.value: status.phrase for status in HTTPStatus} | {
    413: "Payload Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    418: "I'm a teapot",
    422: "Unprocessable Entity",
}


def encode_refusal(status: int) -> list[bytes]:
    """The answer to a request that cannot be read; the connection ends with it."""
    return [_head(status, [("Content-Length", "0"), ("Connection", "close")])]


def encode(head: Head, response: Response) -> tuple[list[bytes], bool]:
    """The bytes of an answer, and whether the connection goes on after it."""
    length, coding = response.get("content-length"), response.get("transfer-encoding")
    bodiless = head.method == "HEAD" or response.status in _BODILESS
    body = b"" if bodiless else response.body
    if length is not None and int(length) < len(body):
        return encode_refusal(500), False
    connection = response.get("connection")
    keeps = head.keeps_alive and (connection is None or "keep-alive" in connection.lower())
    framing: list[tuple[str, str]] = []
    in_chunks = False
    if length is not None:
        keeps = keeps and (bodiless or int(length) == len(body))
    elif coding is not None:
        keeps = keeps and coding.rpartition(",")[2].strip().lower() == "chunked"
    elif body and head.is_http11:
        in_chunks = True
        framing.append(("Transfer-Encoding", "chunked"))
    elif body:
        keeps = False
    elif head.method != "HEAD" and response.status not in _UNSIZED:
        framing.append(("Content-Length", "0"))
    if connection is None and not keeps:
        framing.append(("Connection", "close"))
    elif connection is None and not head.is_http11:
        framing.append(("Connection", "keep-alive"))
    lines = _head(response.status, [*response.headers, *framing])
    if in_chunks:
        return [lines + b"%x\r\n" % len(body), body, b"\r\n0\r\n\r\n"], keeps
    return [lines, body], keeps


def _head(status: int, headers: list[tuple[str, str]]) -> bytes:
    date = _date(int(time.time()))
    lines = [f"HTTP/1.1 {status} {_PHRASES.get(status, '')}", f"Date: {date}", "Server: Kestrel"]
    lines += [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    """The second as HTTP writes it, which all answers of that second share."""
    return formatdate(second, usegmt=True)
