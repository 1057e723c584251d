"""Fetching URLs that strangers wrote: guarded, bounded, polite.

The crawl's only way out. Every refusal and failure ends as a `FetchRefused` that carries the
outcome recorded for the candidate.
"""

import asyncio
import http.cookiejar
import ssl
import weakref
import zlib
from dataclasses import dataclass
from typing import Final

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from shared.platform.address_guard import AddressGuard, BlockedAddress
from shared.platform.resolver import Resolver
from shared.platform.retry import Refused, retry_after, retrying

OPT_OUT: Final = frozenset({"noai", "noimageai", "noindex", "noimageindex", "noml", "none"})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_RETRIED: Final = frozenset({"timeout", "network_error", "http_5xx", "rate_limited", "truncated"})
_COMPRESSED: Final = frozenset({"gzip", "x-gzip", "deflate"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """What one fetch may cost. ``total_seconds`` bounds each attempt from connect to last byte."""

    total_seconds: float = 15
    idle_seconds: float = 10
    connect_seconds: float = 5
    max_bytes: int = 10 * 1024 * 1024
    redirects: int = 3
    attempts: int = 3
    retry_seconds: float = 2  # first wait; doubles up to five times itself
    per_host: int = 2
    connections: int = 64
    dns_cache_seconds: int = 60


@dataclass(frozen=True, slots=True)
class Fetched:
    """A body within the limits, decompressed."""

    body: bytes
    headers: httpx.Headers
    final_url: str
    attempts: int


class FetchRefused(Refused):
    """The URL gave no usable body. ``outcome`` is the name recorded for its candidate."""

    def __init__(self, outcome: str, detail: str, *, retry_after: float | None = None) -> None:
        super().__init__(f"{outcome}: {detail}", retry_after=retry_after)
        self.outcome = outcome
        self.detail = detail


class SafeHttp:
    """One pool of connections and one TLS context for all fetches of a process."""

    def __init__(
        self,
        limits: FetchLimits,
        *,
        user_agent: str,
        allowed_hosts: frozenset[str] = frozenset(),
        tls: ssl.SSLContext | None = None,
        resolver: aiohttp.abc.AbstractResolver | None = None,
    ) -> None:
        self._limits = limits
        self._guard = AddressGuard(allowed_hosts)
        self._resolver = resolver or Resolver()
        self._connections = asyncio.Semaphore(limits.connections)
        self._hosts: weakref.WeakValueDictionary[str, asyncio.Semaphore] = (
            weakref.WeakValueDictionary()
        )
        tls = tls or httpx.create_ssl_context(trust_env=False)
        self._client = httpx.AsyncClient(
            transport=AiohttpTransport(verify=tls, client=lambda: self._session(tls)),
            timeout=httpx.Timeout(limits.idle_seconds, connect=limits.connect_seconds, pool=None),
            # Compression saves nothing on images, and only invites bombs.
            headers={"user-agent": user_agent, "accept": "image/*", "accept-encoding": "identity"},
            cookies=_no_cookies(),
            follow_redirects=False,
            trust_env=False,
        )

    def _session(self, tls: ssl.SSLContext) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            ssl=tls,
            limit=0,  # ours to count, see `_attempt`
            ttl_dns_cache=self._limits.dns_cache_seconds,
            resolver=self._resolver,
            socket_factory=self._guard.open_socket,
            # Racing addresses would swallow the guard's refusal of one of them.
            happy_eyeballs_delay=None,
        )
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    async def aclose(self) -> None:
        """Closes every connection."""
        await self._client.aclose()
        await self._resolver.close()

    async def fetch(self, url: str) -> Fetched:
        """The body behind the URL, which is asked for at most ``limits.attempts`` times.

        Raises:
            FetchRefused: what kept the body from coming.
        """
        try:
            host = httpx.URL(url).host
        except (httpx.InvalidURL, ValueError) as error:
            raise FetchRefused("blocked_address", str(error)) from None
        tries = retrying(
            host,
            _may_pass,
            attempts=self._limits.attempts,
            first_wait=self._limits.retry_seconds,
        )
        answer: tuple[bytes, httpx.Headers, str] = await tries(self._attempt, url, host)
        return Fetched(*answer, tries.statistics["attempt_number"])

    async def _attempt(self, url: str, host: str) -> tuple[bytes, httpx.Headers, str]:
        try:
            # Waiting for a turn is our choice, not the host's fault: outside the deadline.
            async with self._slot(host), self._connections:
                async with asyncio.timeout(self._limits.total_seconds):
                    return await self._follow(url)
        except TimeoutError:
            detail = f"no complete answer within {self._limits.total_seconds:g} s"
            raise FetchRefused("timeout", detail) from None
        except (BlockedAddress, httpx.InvalidURL, httpx.UnsupportedProtocol, ValueError) as refused:
            raise FetchRefused("blocked_address", str(refused)) from None
        except (httpx.TransportError, aiohttp.ClientError, OSError) as error:
            raise _network_failure(error) from None

    def _slot(self, host: str) -> asyncio.Semaphore:
        return self._hosts.setdefault(host, asyncio.Semaphore(self._limits.per_host))

    async def _follow(self, url: str) -> tuple[bytes, httpx.Headers, str]:
        for _ in range(self._limits.redirects + 1):
            self._guard.check_url(url)
            async with self._client.stream("GET", url) as response:
                if response.status_code not in _REDIRECTS or "location" not in response.headers:
                    _check_status(response)
                    _check_permission(response.headers)
                    return await self._read(response), response.headers, url
                target = httpx.URL(url).join(response.headers["location"])
            if url.startswith("https:") and target.scheme != "https":
                raise FetchRefused("blocked_address", "redirected from https to http")
            url = str(target)
        raise FetchRefused("http_error", f"more than {self._limits.redirects} redirects")

    async def _read(self, response: httpx.Response) -> bytes:
        most = self._limits.max_bytes
        declared = response.headers.get("content-length", "")
        if declared.isdecimal() and float(declared) > most:
            raise FetchRefused("too_large", f"{declared} bytes declared, {most} allowed")
        decoder = _decoder(response.headers.get("content-encoding", ""))
        body = bytearray()
        async for chunk in response.aiter_raw():
            # At most one byte over the limit is ever decompressed.
            body += decoder.decompress(chunk, most + 1 - len(body)) if decoder else chunk
            if len(body) > most:
                raise FetchRefused("too_large", f"more than {most} bytes")
        return bytes(body)


def _may_pass(refused: Refused) -> bool:
    return isinstance(refused, FetchRefused) and refused.outcome in _RETRIED


def _network_failure(error: Exception) -> FetchRefused:
    cause = error.__cause__ or error
    name = type(cause).__name__
    if isinstance(cause, TimeoutError):
        return FetchRefused("timeout", name)
    if isinstance(cause, aiohttp.ClientPayloadError):
        return FetchRefused("truncated", "the answer ended before its announced end")
    return FetchRefused("network_error", name)


def _check_status(response: httpx.Response) -> None:
    status = response.status_code
    if response.is_success:
        return
    outcome = "http_error"
    if status == httpx.codes.NOT_FOUND:
        outcome = "http_404"
    elif status == httpx.codes.TOO_MANY_REQUESTS:
        outcome = "rate_limited"
    elif response.is_server_error:
        outcome = "http_5xx"
    raise FetchRefused(outcome, f"status {status}", retry_after=retry_after(response.headers))


def _check_permission(headers: httpx.Headers) -> None:
    """Refuses what its owner does not want in a dataset."""
    if headers.get("tdm-reservation", "").strip() == "1":
        raise FetchRefused("opted_out", "tdm-reservation: 1")
    for value in headers.get_list("x-robots-tag", split_commas=True):
        agent, colon, directive = value.lower().rpartition(":")
        # "otherbot: noindex" speaks to another crawler.
        if directive.strip() in OPT_OUT and (not colon or agent.strip() in {"*", "pixcrawler"}):
            raise FetchRefused("opted_out", f"x-robots-tag: {directive.strip()}")


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


def _no_cookies() -> http.cookiejar.CookieJar:
    return http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
