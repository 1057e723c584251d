"""The composition root: one of everything per process, built when first asked for.

Everything here lives on the worker's single event loop.
"""

from functools import cached_property, lru_cache

import httpx

from shared.platform.blob import BlobStore
from shared.platform.db import Database
from shared.platform.logging import configure_logging
from shared.platform.outbox import Dispatcher
from shared.platform.queue import QueueSender
from shared.platform.settings import Settings, get_settings
from shared.platform.tokens import TokenVerifier


class Services:
    """What triggers hand to the domains."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        configure_logging(settings.log_level)

    @cached_property
    def http(self) -> httpx.AsyncClient:
        """The client for trusted addresses (storage, Supabase); one pool, one TLS context."""
        from httpx_aiohttp import HttpxAiohttpClient

        return HttpxAiohttpClient(timeout=10)

    @cached_property
    def database(self) -> Database:
        """PostgreSQL."""
        return Database(self.settings)

    @cached_property
    def blobs(self) -> BlobStore:
        """Blob storage."""
        return BlobStore(self.settings, self.http)

    @cached_property
    def queues(self) -> QueueSender:
        """Storage queues."""
        return QueueSender(self.settings)

    @cached_property
    def outbox(self) -> Dispatcher:
        """The sender of committed side effects."""
        return Dispatcher(self.database, self.blobs, self.queues)

    @cached_property
    def tokens(self) -> TokenVerifier:
        """The verifier of Supabase access tokens."""
        return TokenVerifier(self.settings.supabase_url, self.http)


@lru_cache(maxsize=1)
def services() -> Services:
    """The services of this process.

    Raises:
        ConfigurationError: the environment lacks settings.
    """
    return Services(get_settings())
