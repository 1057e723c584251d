"""The composition root: one of everything per process, built when first asked for.

Everything here lives on the worker's single event loop.
"""

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import httpx

from shared.platform.accounts import AuthAccounts
from shared.platform.blob import BlobStore
from shared.platform.cache import Cache, open_cache
from shared.platform.db import Database
from shared.platform.introspection import Introspection
from shared.platform.outbox import Dispatcher
from shared.platform.queue import QueueSender
from shared.platform.ratelimit import PostgresCounter, RateLimiter, open_counter
from shared.platform.redis_pool import connect
from shared.platform.settings import Settings, get_settings
from shared.platform.telemetry import start_telemetry
from shared.platform.tokens import TokenVerifier

if TYPE_CHECKING:
    from redis.asyncio import ConnectionPool

    from shared.platform.safe_http import SafeHttp


class Services:
    """What triggers hand to the domains."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        start_telemetry()

    @cached_property
    def http(self) -> httpx.AsyncClient:
        """The client for trusted addresses (Supabase, sources); one pool, one TLS context."""
        from httpx_aiohttp import HttpxAiohttpClient

        return HttpxAiohttpClient(timeout=10)

    @cached_property
    def crawler_http(self) -> "SafeHttp":
        """The guarded client for addresses that strangers wrote."""
        from shared.platform.safe_http import FetchLimits, SafeHttp

        limits = FetchLimits(
            total_seconds=self.settings.crawl_timeout_seconds,
            retry_seconds=self.settings.crawl_retry_wait_seconds,
            per_host=self.settings.crawl_connections_per_host,
            host_spacing_seconds=self.settings.crawl_host_spacing_seconds,
            connections=self.settings.crawl_downloads_in_flight,
        )
        return SafeHttp(
            limits,
            user_agent=self.settings.user_agent,
            allowed_hosts=self.settings.allowed_hosts,
        )

    @cached_property
    def database(self) -> Database:
        """PostgreSQL."""
        return Database(self.settings)

    @cached_property
    def blobs(self) -> BlobStore:
        """Blob storage."""
        return BlobStore(self.settings)

    @cached_property
    def queues(self) -> QueueSender:
        """Storage queues."""
        return QueueSender(self.settings)

    @cached_property
    def outbox(self) -> Dispatcher:
        """The sender of committed side effects."""
        return Dispatcher(self.database, self.blobs, self.queues, self.accounts.align)

    @cached_property
    def accounts(self) -> AuthAccounts:
        """The accounts at Supabase Auth."""
        key = self.settings.supabase_service_role_key.get_secret_value()
        return AuthAccounts(self.settings.supabase_url, key, self.http)

    @cached_property
    def limiter(self) -> RateLimiter:
        """The guard of every endpoint against too many requests."""
        counter = open_counter(self.settings, self.database, self.redis.get("limiter"))
        return RateLimiter(self.settings, counter, PostgresCounter(self.database))

    @cached_property
    def redis(self) -> "dict[str, ConnectionPool]":
        """Connections to Redis, by the part of the app that has one."""
        return {part: connect(address) for part, address in self.settings.redis_parts.items()}

    @cached_property
    def cache(self) -> Cache:
        """What is kept of answers that do not change for a while."""
        return open_cache(self.settings, self.redis.get("cache"))

    async def close(self) -> None:
        """Closes every connection that was opened; nothing works afterwards."""
        opened = self.__dict__  # what was asked for
        for pool in opened.get("redis", {}).values():
            await pool.disconnect()
        for name in ("crawler_http", "http"):
            if name in opened:
                await opened[name].aclose()
        for name in ("queues", "blobs", "database"):
            if name in opened:
                await opened[name].close()

    @cached_property
    def tokens(self) -> TokenVerifier:
        """The verifier of Supabase access tokens."""
        url = self.settings.supabase_url
        key = self.settings.supabase_anon_key.get_secret_value()
        return TokenVerifier(url, self.http, Introspection(url, key, self.http))


@lru_cache(maxsize=1)
def services() -> Services:
    """The services of this process.

    Raises:
        ConfigurationError: the environment lacks settings.
    """
    return Services(get_settings())
