"""What the app stands on, in one table.

A component has one name everywhere: in ``/health``, as a label of ``pixcrawler_component_up``, in
the alert rules and the workbook of ``infra/modules/``, and in docs/operations.md.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from shared.platform.data import outbox, redis_pool
from shared.platform.data.blob import BlobStore
from shared.platform.data.db import Database
from shared.platform.data.queue import QueueSender
from shared.platform.errors import Unavailable
from shared.platform.settings import PlatformSettings

if TYPE_CHECKING:
    import httpx
    from redis.asyncio import ConnectionPool

# The reconciler starts promised orchestrations every minute; one that waits longer is stuck.
START_WITHIN = timedelta(minutes=3)


@dataclass(frozen=True)
class Parts:
    """What is looked at."""

    settings: PlatformSettings
    database: Database
    blobs: BlobStore
    queues: QueueSender
    http: "httpx.AsyncClient"
    redis: "dict[str, ConnectionPool]"


@dataclass(frozen=True)
class Component:
    """A part that answers or does not; ``required`` when nothing can be served without it."""

    name: str
    check: Callable[[Parts], Coroutine[Any, Any, None]]
    required: bool = False
    in_use: Callable[[Parts], bool] = lambda _: True

    @property
    def alert(self) -> str:
        """The name of its alert rule, and of the section of docs/operations.md that mends it."""
        return f"{self.name}-failing"


async def _database(parts: Parts) -> None:
    async with parts.database.transaction():
        pass


async def _storage(parts: Parts) -> None:
    await parts.blobs.ping()


async def _queue(parts: Parts) -> None:
    await parts.queues.ping()


async def _auth(parts: Parts) -> None:
    settings = parts.settings
    answer = await parts.http.get(
        f"{settings.supabase_url.rstrip('/')}/auth/v1/health",
        headers={"apikey": settings.supabase_anon_key.get_secret_value()},
    )
    answer.raise_for_status()


async def _orchestrator(parts: Parts) -> None:
    async with parts.database.transaction() as transaction:
        if await outbox.is_stuck(transaction, outbox.StartOrchestration, START_WITHIN):
            raise Unavailable("Orchestrations are not started.")


async def _cache(parts: Parts) -> None:
    await redis_pool.ping(parts.redis["cache"])


async def _limiter(parts: Parts) -> None:
    await redis_pool.ping(parts.redis["limiter"])


COMPONENTS = (
    Component("database", _database, required=True),
    Component("storage", _storage, required=True),
    Component("queue", _queue, required=True),
    # Whoever has a token or an API key is served without it.
    Component("auth", _auth),
    # Jobs are accepted, and start when it is well again.
    Component("orchestrator", _orchestrator),
    # Redis, where it is used: answers take longer without the one, go uncounted without the other.
    Component("cache", _cache, in_use=lambda parts: "cache" in parts.redis),
    Component("limiter", _limiter, in_use=lambda parts: "limiter" in parts.redis),
)
