"""What a server's answer comes to: a body within limits, or the reason why there is none."""

import zlib
from typing import Final

import aiohttp
import httpx

from shared.platform.net.retry import Refused, retry_after

_NETWORK: Final = (aiohttp.ClientConnectionError, aiohttp.ClientResponseError, OSError)
_COMPRESSED: Final = frozenset({"gzip", "x-gzip", "deflate"})
_PASSING: Final = frozenset({"timeout", "network_error", "http_5xx", "rate_limited", "truncated"})


class FetchRefused(Refused):
    """The URL gave no usable body. ``outcome`` is the name recorded for its candidate."""

    def __init__(self, outcome: str, detail: str, *, retry_after: float | None = None) -> None:
        super().__init__(f"{outcome}: {detail}", retry_after=retry_after)
        self.outcome = outcome
        self.detail = detail
        self.may_pass = outcome in _PASSING


def check_status(status: int, headers: httpx.Headers, *, conditional: bool = False) -> None:
    """Refuses what is no success; of a ``conditional`` request "not modified" is one."""
    if httpx.codes.is_success(status) or (conditional and status == httpx.codes.NOT_MODIFIED):
        return
    outcome = "http_error"
    if status == httpx.codes.NOT_FOUND:
        outcome = "http_404"
    elif status == httpx.codes.TOO_MANY_REQUESTS:
        outcome = "rate_limited"
    elif httpx.codes.is_server_error(status):
        outcome = "http_5xx"
    raise FetchRefused(outcome, f"status {status}", retry_after=retry_after(headers))


def failure(error: Exception) -> FetchRefused:
    """The refusal that a request comes to that ends in an error."""
    name = type(error).__name__
    if isinstance(error, TimeoutError):
        return FetchRefused("timeout", name)
    if isinstance(error, aiohttp.ClientPayloadError):
        return FetchRefused("truncated", "the answer ended before its announced end")
    if isinstance(error, _NETWORK):  # a bad certificate, too, although it is a ValueError
        return FetchRefused("network_error", name)
    return FetchRefused("blocked_address", str(error))


async def read_body(content: aiohttp.StreamReader, headers: httpx.Headers, most: int) -> bytes:
    """The body, decompressed; refused before and while it comes if it has more bytes."""
    declared = headers.get("content-length", "")
    if declared.isdecimal() and float(declared) > most:
        raise FetchRefused("too_large", f"{declared} bytes declared, {most} allowed")
    body = await read_start(content, headers, most + 1)
    if len(body) > most:
        raise FetchRefused("too_large", f"more than {most} bytes")
    return body


async def read_start(content: aiohttp.StreamReader, headers: httpx.Headers, most: int) -> bytes:
    """The first bytes of the body, decompressed; what comes after them is not read."""
    decoder = _decoder(headers.get("content-encoding", ""))
    body = bytearray()
    async for chunk in content.iter_any():
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
