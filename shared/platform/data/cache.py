"""Values worth keeping for a while, which may be gone at any moment.

A value is kept only where none is. What makes one untrue sets a mark in its place, after its
commit: whoever had read the old state before can then no longer keep it. A process that dies
between commit and mark leaves the old value for as long as it lives, ``CACHE_DEFAULT_TTL``.
"""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from shared.platform.observe.logging import get_logger
from shared.platform.settings import PlatformSettings

if TYPE_CHECKING:
    from redis.asyncio import ConnectionPool

log = get_logger(__name__)

GONE = b""  # the mark of a value that is no longer true
GONE_SECONDS = 60  # longer than anybody who read the old state takes to keep it
PAUSE_SECONDS = 5  # for which a server that failed is not asked: each answer may take 2 s
MAX_REMEMBERED = 10_000


class Cache(Protocol):
    """Bytes by name."""

    async def get(self, name: str) -> bytes | None:
        """The value, if it is there."""

    async def put(self, name: str, value: bytes) -> None:
        """Keeps a value that is not empty, unless there is one or was one that is untrue now."""

    async def forget(self, names: Iterable[str]) -> None:
        """Makes sure that no value of before is seen any more."""


def of_user(kind: str, user_id: UUID) -> str:
    """The name of what is known of a user."""
    return f"{kind}:{user_id}"


def open_cache(settings: PlatformSettings, pool: "ConnectionPool | None") -> Cache:
    """The cache in the Redis of ``pool``; without one, nothing is kept."""
    if pool is None:
        return NoCache()
    spare = MemoryCache(settings) if settings.is_lenient else NoCache()
    return RedisCache(settings, pool, spare)


class NoCache:
    """Keeps nothing."""

    async def get(self, name: str) -> bytes | None:
        """Nothing."""
        return None

    async def put(self, name: str, value: bytes) -> None:
        """Does nothing."""

    async def forget(self, names: Iterable[str]) -> None:
        """Does nothing."""


class MemoryCache:
    """Keeps values in this process: for development, where there is but one."""

    def __init__(self, settings: PlatformSettings) -> None:
        self._seconds = settings.cache_default_ttl
        self._kept: dict[str, tuple[bytes, float]] = {}

    async def get(self, name: str) -> bytes | None:
        """The value, if it is there."""
        value, until = self._kept.get(name, (GONE, 0.0))
        return value if value and until > time.monotonic() else None

    async def put(self, name: str, value: bytes) -> None:
        """Keeps a value, unless there is one."""
        if self._kept.get(name, (GONE, 0.0))[1] <= time.monotonic():
            self._keep(name, value, self._seconds)

    async def forget(self, names: Iterable[str]) -> None:
        """Puts marks in the places of the values."""
        for name in names:
            self._keep(name, GONE, GONE_SECONDS)

    def _keep(self, name: str, value: bytes, seconds: float) -> None:
        if len(self._kept) >= MAX_REMEMBERED:
            self._kept.clear()
        self._kept[name] = (value, time.monotonic() + seconds)


class RedisCache:
    """Keeps values in Redis; while that does not answer, ``spare`` takes its place."""

    def __init__(self, settings: PlatformSettings, pool: "ConnectionPool", spare: Cache) -> None:
        from redis.asyncio import Redis

        self._redis = Redis(connection_pool=pool)
        self._prefix = settings.cache_prefix
        self._seconds = settings.cache_default_ttl
        self._spare = spare
        self._asked_again_at = float("-inf")

    async def get(self, name: str) -> bytes | None:
        """The value, if it is there."""
        if self._is_away:
            return await self._spare.get(name)
        try:
            value = await self._redis.get(self._prefix + name)
        except _failures() as error:
            self._leave_alone(error)
            return await self._spare.get(name)
        return value if isinstance(value, bytes) and value != GONE else None

    async def put(self, name: str, value: bytes) -> None:
        """Keeps a value, unless there is one."""
        if self._is_away:
            return await self._spare.put(name, value)
        try:
            await self._redis.set(self._prefix + name, value, ex=self._seconds, nx=True)
        except _failures() as error:
            self._leave_alone(error)

    async def forget(self, names: Iterable[str]) -> None:
        """Puts marks in the places of the values; also tried while the server seems away."""
        names = list(names)
        await self._spare.forget(names)
        try:
            for name in names:
                await self._redis.set(self._prefix + name, GONE, ex=GONE_SECONDS)
        except _failures() as error:
            self._leave_alone(error)

    @property
    def _is_away(self) -> bool:
        return time.monotonic() < self._asked_again_at

    def _leave_alone(self, error: Exception) -> None:
        self._asked_again_at = time.monotonic() + PAUSE_SECONDS
        log.bind(error=type(error).__name__).warning("cache not reachable")


def _failures() -> tuple[type[Exception], ...]:
    from redis.exceptions import RedisError

    return RedisError, OSError
