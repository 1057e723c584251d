"""Fetching URLs that strangers wrote: guarded, bounded, polite.

The crawl's only way out. Every refusal and failure ends as a `FetchRefused` that carries the
outcome recorded for the candidate.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

import aiohttp
import httpx

from shared.fetch.hosts import Hosts, Resting
from shared.fetch.http_answer import (
    FetchRefused,
    check_status,
    failure,
    read_body,
    read_start,
)
from shared.fetch.robots import MOST_BYTES, RobotsFiles, objection
from shared.platform.net.address_guard import AddressGuard, BlockedAddress
from shared.platform.net.resolver import Resolver
from shared.platform.net.retry import (
    ATTEMPTS,
    FIRST_WAIT,
    RETRY_AFTER_MOST,
    retried,
)
from shared.platform.net.transport import guarded_session

__all__ = ["FetchLimits", "FetchRefused", "Fetched", "SafeHttp"]

_ACCEPT: Final = "image/*,text/plain;q=0.1"  # the text is robots.txt
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
# However long a host asks for: some hour it is tried again.
_LONGEST_REST: Final = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """What one fetch may cost. ``total_seconds`` bounds each attempt from connect to last byte."""

    total_seconds: float = 15
    idle_seconds: float = 10
    connect_seconds: float = 5
    max_bytes: int = 10 * 1024 * 1024
    redirects: int = 3
    attempts: int = ATTEMPTS
    retry_seconds: float = FIRST_WAIT
    per_host: int = 2
    host_spacing_seconds: float = 0
    connections: int = 64
    dns_cache_seconds: int = 60


@dataclass(frozen=True, slots=True)
class Fetched:
    """A body within the limits, decompressed."""

    body: bytes
    headers: httpx.Headers
    final_url: str


@dataclass(frozen=True, slots=True)
class _Options:
    """How a file is fetched."""

    redirects: int
    obey_robots: bool = False
    etag: str | None = None
    is_robots: bool = False


# RFC 9309 wants five redirects followed.
_ROBOTS: Final = _Options(redirects=5, is_robots=True)
# The outcome of a download whose body is the one that is known.
UNCHANGED: Final = "unchanged"
_FAILURES: Final = (BlockedAddress, aiohttp.ClientError, httpx.InvalidURL, OSError, ValueError)
_Answer: TypeAlias = tuple[bytes, httpx.Headers]
_OnRetry: TypeAlias = Callable[[FetchRefused], None]


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
        spacing = limits.host_spacing_seconds
        self._hosts = Hosts(limits.per_host, spacing, patience=max(RETRY_AFTER_MOST, spacing))
        self._robots = RobotsFiles(self._read_robots)
        self._tls = tls or httpx.create_ssl_context(trust_env=False)
        # Compression saves nothing on images, and only invites bombs.
        self._says = {"user-agent": user_agent, "accept": _ACCEPT, "accept-encoding": "identity"}

    @cached_property
    def _session(self) -> aiohttp.ClientSession:
        return guarded_session(
            self._guard,
            self._resolver,
            self._tls,
            headers=self._says,
            timeout=aiohttp.ClientTimeout(
                sock_connect=self._limits.connect_seconds, sock_read=self._limits.idle_seconds
            ),
            dns_cache_seconds=self._limits.dns_cache_seconds,
        )

    async def aclose(self) -> None:
        """Closes every connection."""
        self._robots.close()
        await self._session.close()
        await self._resolver.close()

    async def fetch(self, url: str, *, obey_robots: bool = False) -> Fetched:
        """The body behind the URL, as `download` gives it."""
        async with self.download(url, obey_robots=obey_robots) as fetched:
            return fetched

    def download(
        self,
        url: str,
        *,
        obey_robots: bool = False,
        etag: str | None = None,
        on_retry: _OnRetry = lambda _: None,
    ) -> AbstractAsyncContextManager[Fetched]:
        """The body behind the URL, which is asked for at most ``limits.attempts`` times.

        It counts as one of ``limits.connections`` until the caller is done with it, so that bodies
        do not pile up where they come faster than they are looked at. Waiting for a host counts
        as none. With ``obey_robots`` the robots.txt of every host that is asked has to allow it.
        ``on_retry`` is told of what is tried again.

        Raises:
            FetchRefused: what kept the body from coming; `UNCHANGED` if that is the ``etag``.
        """
        return self._download(url, _Options(self._limits.redirects, obey_robots, etag), on_retry)

    def has_answered(self, url: str, *, since: float) -> bool:
        """Whether the URL's host has answered anybody ``since`` that time of the event loop."""
        with suppress(FetchRefused):
            return self._hosts.answered_at(_host(_address(url))) > since
        return False

    @asynccontextmanager
    async def _download(
        self, url: str, options: _Options, on_retry: _OnRetry = lambda _: None
    ) -> AsyncIterator[Fetched]:
        address = _address(url)
        async with AsyncExitStack() as held:
            answer = await retried(
                lambda: self._attempt(url, address, options, held),
                _host(address),
                attempts=self._limits.attempts,
                first_wait=self._limits.retry_seconds,
                on_retry=on_retry,
            )
            yield Fetched(*answer)

    async def _attempt(
        self, url: str, address: httpx.URL, options: _Options, held: AsyncExitStack
    ) -> tuple[bytes, httpx.Headers, str]:
        """Body, headers and final URL; of a success the connection stays ``held``."""
        seconds = self._limits.total_seconds
        for _ in range(options.redirects + 1):
            self._check_url(url)
            if options.obey_robots:
                await self._check_robots(url)
            # Waiting for a turn is our choice, not the host's fault: it takes no time from it.
            async with self._turn(_host(address)), AsyncExitStack() as connection:
                await connection.enter_async_context(self._connections)
                started = asyncio.get_running_loop().time()
                answer = await self._ask(address, options, seconds)
                seconds -= asyncio.get_running_loop().time() - started
                if not isinstance(answer, httpx.URL):
                    await held.enter_async_context(connection.pop_all())
                    return *answer, url
            url, address = str(answer), answer
        raise FetchRefused("http_error", f"more than {options.redirects} redirects")

    def _check_url(self, url: str) -> None:
        try:
            self._guard.check_url(url)
        except (BlockedAddress, ValueError) as refused:
            raise FetchRefused("blocked_address", str(refused)) from None

    @asynccontextmanager
    async def _turn(self, host: str) -> AsyncIterator[None]:
        try:
            async with self._hosts.turn(host):
                yield
        except Resting as rest:
            raise FetchRefused("rate_limited", str(rest), retry_after=rest.seconds) from None

    async def _check_robots(self, url: str) -> None:
        try:
            allowed = await self._robots.allow(url)
        except FetchRefused as refused:
            raise _RobotsUnreadable(refused) from None
        if not allowed:
            raise FetchRefused("opted_out", "robots.txt disallows it")

    async def _read_robots(self, url: str) -> bytes:
        """What the file says; nothing when there is none (RFC 9309, 2.3.1)."""
        try:
            async with self._download(url, _ROBOTS) as fetched:
                return fetched.body
        except FetchRefused as refused:
            if refused.outcome in {"http_404", "http_error"}:
                return b""
            raise

    async def _ask(
        self, address: httpx.URL, options: _Options, seconds: float
    ) -> _Answer | httpx.URL:
        """Body and headers, or where to ask instead."""
        try:
            async with asyncio.timeout(seconds):
                return await self._get(address, options)
        except FetchRefused as refused:
            if refused.retry_after:  # all who want to ask the host wait
                self._hosts.rest(_host(address), min(refused.retry_after, _LONGEST_REST))
            raise
        except TimeoutError:
            detail = f"no complete answer within {self._limits.total_seconds:g} s"
            raise FetchRefused("timeout", detail) from None

    async def _get(self, address: httpx.URL, options: _Options) -> _Answer | httpx.URL:
        headers = {"host": address.netloc.decode()}  # aiohttp would leave out a dot at its end
        if options.etag:
            headers["if-none-match"] = options.etag
        request = self._session.get(str(address), headers=headers, allow_redirects=False)
        try:
            async with request as response:
                self._hosts.note_answer(_host(address))
                answered = httpx.Headers(response.raw_headers)
                if response.status not in _REDIRECTS or "location" not in answered:
                    return await self._take(response, answered, options), answered
                target = address.join(answered["location"])
        except _FAILURES as error:
            raise failure(error) from None
        if address.scheme == "https" and target.scheme != "https":
            raise FetchRefused("blocked_address", "redirected from https to http")
        return target

    async def _take(
        self, response: aiohttp.ClientResponse, headers: httpx.Headers, options: _Options
    ) -> bytes:
        check_status(response.status, headers, conditional=options.etag is not None)
        if options.is_robots:
            return await read_start(response.content, headers, MOST_BYTES)
        if refusal := objection(headers):
            raise FetchRefused("opted_out", refusal)
        if response.status == httpx.codes.NOT_MODIFIED:
            raise FetchRefused(UNCHANGED, "status 304")
        return await read_body(response.content, headers, self._limits.max_bytes)


class _RobotsUnreadable(FetchRefused):
    """Nobody knows whether we may: so we may not, and asking again has been tried."""

    def __init__(self, refused: FetchRefused) -> None:
        super().__init__(refused.outcome, f"robots.txt: {refused.detail}")
        self.may_pass = False


def _address(url: str) -> httpx.URL:
    try:
        return httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise FetchRefused("blocked_address", str(error)) from None


def _host(address: httpx.URL) -> str:
    # Not `address.host`, which fails on A-labels that are of no use, and on some that are.
    return address.raw_host.decode()
