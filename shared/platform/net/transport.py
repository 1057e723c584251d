"""Connections to servers that strangers named: only to addresses that the guard lets through."""

import ssl
from collections.abc import Mapping

import aiohttp

from shared.platform.net.address_guard import AddressGuard
from shared.platform.net.retry import without_own_retries


def guarded_session(
    guard: AddressGuard,
    resolver: aiohttp.abc.AbstractResolver,
    tls: ssl.SSLContext,
    *,
    headers: Mapping[str, str],
    timeout: aiohttp.ClientTimeout,
    dns_cache_seconds: int,
) -> aiohttp.ClientSession:
    """A session that keeps no cookies, repeats and unpacks nothing, and ignores proxy settings.

    How many connections it has is the caller's to count.
    """
    connector = aiohttp.TCPConnector(
        ssl=tls,
        limit=0,
        ttl_dns_cache=dns_cache_seconds,
        resolver=resolver,
        socket_factory=guard.open_socket,
        # Racing addresses would swallow the guard's refusal of one of them.
        happy_eyeballs_delay=None,
    )
    session = aiohttp.ClientSession(
        connector=connector,
        headers=headers,
        timeout=timeout,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
    )
    return without_own_retries(session)
