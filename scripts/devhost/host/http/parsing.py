"""The head of a request as Kestrel reads it, with its limits and its refusals."""

import re
from typing import Final

from scripts.devhost.host.http.request_and_response import Head
from scripts.devhost.host.http.urls import decode_path

LINE_LIMIT: Final = 8 * 1024
FIELDS_LIMIT: Final = 32 * 1024
_FIELD_COUNT: Final = 100

_TOKEN: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_HOST: Final = re.compile(r"(?:\[[0-9A-Fa-f:.]{2,}\]|[A-Za-z0-9!$&'()\-._~]*)(?::[0-9]+)?")
_ABSOLUTE: Final = re.compile(r"https?://([^/?#]+)([^?]*)(.*)", re.IGNORECASE)
_DIGITS: Final = re.compile(r"[0-9]{1,19}")
_ONCE: Final = ("host", "content-length")


class Refusal(Exception):
    """A request that no part of the host gets to see."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def parse_line(line: bytes) -> tuple[str, str, bool]:
    """Method, target and whether it is HTTP/1.1, from a request line without its end."""
    method, _, rest = line.partition(b" ")
    target, _, version = rest.partition(b" ")
    if not (_TOKEN.fullmatch(method) and target) or len(version) != len(b"HTTP/1.1"):
        raise Refusal(400)
    if version not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise Refusal(505)
    if b"\0" in target or not target.isascii():
        raise Refusal(400)
    return method.decode(), target.decode(), version == b"HTTP/1.1"


def parse_head(line: tuple[str, str, bool], fields: bytes) -> Head:
    """The head from its request line and its header lines."""
    method, target, is_http11 = line
    headers = _parse_fields(fields)
    path, query = _parse_target(method, target, headers.get("host"))
    _check_host(headers.get("host"), is_http11)
    is_chunked, length = _framing(headers)
    if length is None and not (is_chunked or is_http11) and method in ("POST", "PUT"):
        raise Refusal(400)
    options = {option.strip().lower() for option in headers.get("connection", "").split(",")}
    keeps_alive = "close" not in options if is_http11 else "keep-alive" in options
    return Head(method, path, query, is_http11, headers, length, is_chunked, keeps_alive)


def _parse_fields(fields: bytes) -> dict[str, str]:
    lines = fields.split(b"\n")[:-2]
    if len(lines) > _FIELD_COUNT:
        raise Refusal(431)
    headers: dict[str, str] = {}
    for line in lines:
        raw_name, colon, raw_value = line.removesuffix(b"\r").partition(b":")
        if not colon or not _TOKEN.fullmatch(raw_name) or b"\r" in raw_value or b"\0" in raw_value:
            raise Refusal(400)
        name = raw_name.decode().lower()
        try:
            value = raw_value.strip(b" \t").decode()
        except UnicodeDecodeError:
            raise Refusal(400) from None
        if name in headers:
            if name in _ONCE:
                raise Refusal(400)
            value = ",".join(filter(None, (headers[name], value)))
        headers[name] = value
    return headers


def _parse_target(method: str, target: str, host: str | None) -> tuple[str, str]:
    """Path and query of the target in any of its four forms."""
    if target.startswith("/"):
        path, mark, query = target.partition("?")
        try:
            return decode_path(path), mark + query
        except ValueError:
            raise Refusal(400) from None
    if (target == "*" and method == "OPTIONS") or method == "CONNECT":
        return "", ""
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is None or absolute[1] != host:
        raise Refusal(400)
    return _parse_target(method, (absolute[2] or "/") + absolute[3], host)


def _check_host(host: str | None, is_http11: bool) -> None:
    if (host is None and is_http11) or not _HOST.fullmatch(host or ""):
        raise Refusal(400)


def _framing(headers: dict[str, str]) -> tuple[bool, int | None]:
    """Whether the body comes in chunks, and its length where that is announced."""
    length = headers.get("content-length")
    if length is not None and not (_DIGITS.fullmatch(length) and int(length) < 2**63):
        raise Refusal(400)
    coding = headers.get("transfer-encoding")
    if coding is None:
        return False, None if length is None else int(length)
    if coding.rpartition(",")[2].strip().lower() != "chunked":
        raise Refusal(400)
    if length is not None:  # the chunks count, and nobody is to believe the length
        headers["x-content-length"] = headers.pop("content-length")
    return True, None
