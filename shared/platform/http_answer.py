"""What a server's answer comes to: a body within limits, or the reason why there is none."""

import zlib
from typing import Final

import aiohttp
import httpx

from shared.platform.retry import Refused, retry_after

_COMPRESSED: Final = frozenset({"gzip", "x-gzip", "deflate"})


class FetchRefused(Refused):
    """The URL gave no usable body. ``outcome`` is the name recorded for its candidate."""

    def __init__(self, outcome: str, detail: str, *, retry_after: float | None = None) -> None:
        super().__init__(f"{outcome}: {detail}", retry_after=retry_after)
        self.outcome = outcome
        self.detail = detail


def check_status(response: httpx.Response, *, conditional: bool = False) -> None:
    """Refuses what is no success; of a ``conditional`` request "not modified" is one."""
    status = response.status_code
    if response.is_success or (conditional and status == httpx.codes.NOT_MODIFIED):
        return
    outcome = "http_error"
    if status == httpx.codes.NOT_FOUND:
        outcome = "http_404"
    elif status == httpx.codes.TOO_MANY_REQUESTS:
        outcome = "rate_limited"
    elif response.is_server_error:
        outcome = "http_5xx"
    raise FetchRefused(outcome, f"status {status}", retry_after=retry_after(response.headers))


def network_failure(error: Exception) -> FetchRefused:
    """The refusal that a failing connection comes to."""
    cause = error.__cause__ or error
    name = type(cause).__name__
    if isinstance(cause, TimeoutError):
        return FetchRefused("timeout", name)
    if isinstance(cause, aiohttp.ClientPayloadError):
        return FetchRefused("truncated", "the answer ended before its announced end")
    return FetchRefused("network_error", name)


async def read_body(response: httpx.Response, most: int) -> bytes:
    """The body, decompressed; refused before and while it comes if it has more bytes."""
    declared = response.headers.get("content-length", "")
    if declared.isdecimal() and float(declared) > most:
        raise FetchRefused("too_large", f"{declared} bytes declared, {most} allowed")
    body = await read_start(response, most + 1)
    if len(body) > most:
        raise FetchRefused("too_large", f"more than {most} bytes")
    return body


async def read_start(response: httpx.Response, most: int) -> bytes:
    """The first bytes of the body, decompressed; what comes after them is not read."""
    decoder = _decoder(response.headers.get("content-encoding", ""))
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += decoder.decompress(chunk, most - len(body)) if decoder else chunk
        if len(body) >= most:
            break
    del body[most:]
    return bytes(body)


class _Inflater:
    """Decompresses no more than it is asked for."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # gzip or zlib

    def decompress(self, data: bytes, most: int) -> bytes:
        try:
            return self._stream.decompress(data, most)
        except zlib.error as error:
            raise FetchRefused("undecodable", f"content-encoding: {error}") from None


def _decoder(encoding: str) -> _Inflater | None:
    encoding = encoding.strip().lower()
    if encoding in {"", "identity"}:
        return None
    if encoding in _COMPRESSED:
        return _Inflater()
    # Also a chain such as "gzip, gzip", which multiplies what a bomb is worth.
    raise FetchRefused("undecodable", f"content-encoding {encoding[:40]!r} was not offered")
