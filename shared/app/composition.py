"""The composition root: one of everything per process, built when first asked for.

Everything here lives on the worker's single event loop.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING

import httpx

from shared.api_keys import service as api_keys
from shared.app.effects import handlers
from shared.app.settings import Settings
from shared.datasets import build_parts, building
from shared.datasets.restoring import Restorer
from shared.datasets.run import EXPORT
from shared.fetch import safe_http
from shared.health.service import HealthMonitor, Parts
from shared.identity import service as identity
from shared.images.thumbnails import Thumbnails
from shared.jobs import finish
from shared.jobs.run import CRAWL
from shared.metrics.service import Metrics
from shared.platform.data.blob import BlobStore
from shared.platform.data.cache import Cache, open_cache
from shared.platform.data.db import Database, Transaction
from shared.platform.data.outbox import Dispatcher
from shared.platform.data.queue import QueueSender
from shared.platform.data.redis_pool import connect
from shared.platform.http.auth.accounts import AuthAccounts
from shared.platform.http.auth.introspection import Introspection
from shared.platform.http.auth.principal import Principal
from shared.platform.http.auth.tokens import TokenVerifier
from shared.platform.observe.telemetry import start_telemetry
from shared.platform.ratelimit import PostgresCounter, RateLimiter, open_counter
from shared.runs.reconcile import Reconciler
from shared.uploads import finish as uploads
from shared.uploads.checking import Checker
from shared.uploads.run import UPLOAD

if TYPE_CHECKING:
    from redis.asyncio import ConnectionPool


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
    def crawler_http(self) -> "safe_http.SafeHttp":
        """The guarded client for addresses that strangers wrote."""
        limits = safe_http.FetchLimits(
            total_seconds=self.settings.crawl_timeout_seconds,
            retry_seconds=self.settings.crawl_retry_wait_seconds,
            per_host=self.settings.crawl_connections_per_host,
            host_spacing_seconds=self.settings.crawl_host_spacing_seconds,
            connections=self.settings.crawl_downloads_in_flight,
        )
        return safe_http.SafeHttp(
            limits,
            user_agent=self.settings.user_agent,
            allowed_hosts=self.settings.allowed_hosts,
        )

    @cached_property
    def database(self) -> Database:
        """PostgreSQL."""
        return Database(self.settings, self._follow)

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
        return Dispatcher(self.database, handlers(self.blobs, self.queues, self.accounts))

    @cached_property
    def accounts(self) -> AuthAccounts:
        """The accounts at Supabase Auth."""
        key = self.settings.supabase_service_role_key.get_secret_value()
        return AuthAccounts(self.database, self.settings.supabase_url, key, self.http)

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

    @cached_property
    def reconciler(self) -> Reconciler:
        """The repair of what a crash left of a run."""
        kinds = {
            CRAWL: finish.fail_run,
            EXPORT: building.fail_run,
            UPLOAD: uploads.fail_run,
        }
        return Reconciler(self.database, kinds)

    @cached_property
    def health(self) -> HealthMonitor:
        """What is well of all this."""
        parts = Parts(self.settings, self.database, self.blobs, self.queues, self.http, self.redis)
        return HealthMonitor(parts)

    @cached_property
    def metrics(self) -> Metrics:
        """The figures of the service."""
        return Metrics(self.database, self.queues, self.redis, self.health)

    @cached_property
    def thumbnails(self) -> Thumbnails:
        """Thumbnails of stored images."""
        return Thumbnails(self.database, self.blobs)

    @cached_property
    def exports(self) -> "build_parts.Builder":
        """The building of exports."""
        return build_parts.Builder(
            self.database, self.blobs, self.judges, home=self.settings.app_url
        )

    @cached_property
    def restorer(self) -> Restorer:
        """What brings back the archived images of exports."""
        return Restorer(self.database, self.blobs, self.settings.storage_archive_after_days)

    @cached_property
    def uploads(self) -> Checker:
        """The reading of uploads."""
        return Checker(self.database, self.blobs, self.settings.allowed_hosts)

    @cached_property
    def judges(self) -> ThreadPoolExecutor:
        """Threads that look at pictures.

        One for each core: more pictures decoded at once come no faster, and each may need 256 MB.
        """
        return ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="judge")

    @cached_property
    def tokens(self) -> TokenVerifier:
        """The verifier of Supabase access tokens."""
        url = self.settings.supabase_url
        key = self.settings.supabase_anon_key.get_secret_value()
        return TokenVerifier(url, self.http, Introspection(url, key, self.http))

    async def authenticate_key(self, secret: str, address: str | None) -> Principal:
        """The owner of an API key, used from ``address``."""
        return await api_keys.authenticate_key(
            self.database, self.cache, self.settings, secret, address
        )

    async def is_admin(self, user: Principal) -> bool:
        """Whether the user is an administrator."""
        return await identity.is_admin(self.database, user)

    async def _follow(self, transaction: Transaction) -> None:
        """What a commit has made untrue is forgotten, what it promised is sent."""
        if transaction.stale:
            await self.cache.forget(transaction.stale)
        if transaction.outbox:
            await self.outbox.send(transaction.outbox, transaction.client)

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
