"""Where requests are counted: PostgreSQL, Redis through ``limits``, or this process's memory."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from shared.platform.db import Database
from shared.platform.errors import Unavailable
from shared.platform.ratelimit import repo
from shared.platform.ratelimit.policy import Bucket, Usage
from shared.platform.settings import Settings

if TYPE_CHECKING:
    from limits.aio.strategies import FixedWindowRateLimiter

REDIS_SECONDS = 2


class Counter(Protocol):
    """Counts requests, each in exactly one window, whichever instance they came to."""

    async def hit(self, buckets: Sequence[Bucket]) -> list[Usage]:
        """Counts one request in every bucket.

        Raises:
            Unavailable: it cannot be counted.
        """


class PostgresCounter:
    """Counts in the table ``rate_limits``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def hit(self, buckets: Sequence[Bucket]) -> list[Usage]:
        """Counts one request in every bucket, in one round trip."""
        return await repo.hit(self._database, buckets)


class LimitsCounter:
    """Counts in Redis, or in memory for a single process."""

    def __init__(self, strategy: "FixedWindowRateLimiter") -> None:
        self._strategy = strategy

    async def hit(self, buckets: Sequence[Bucket]) -> list[Usage]:
        """Counts one request in every bucket."""
        from redis.exceptions import RedisError

        try:
            return [await self._hit(bucket) for bucket in buckets]
        except (RedisError, OSError, TimeoutError) as error:
            raise Unavailable("The rate limiter is not reachable.") from error

    async def _hit(self, bucket: Bucket) -> Usage:
        from limits import RateLimitItemPerSecond

        policy = bucket.policy
        item = RateLimitItemPerSecond(policy.quota, policy.seconds, policy.name)
        allowed = await self._strategy.hit(item, bucket.subject)
        window = await self._strategy.get_window_stats(item, bucket.subject)
        hits = policy.quota - window.remaining if allowed else policy.quota + 1
        return Usage(policy, hits, window.reset_time - time.time())


def open_counter(settings: Settings, database: Database) -> Counter:
    """The counter that ``LIMITER_BACKEND`` names."""
    if settings.limiter_backend == "postgres":
        return PostgresCounter(database)
    from limits.aio.storage import MemoryStorage, RedisStorage
    from limits.aio.strategies import FixedWindowRateLimiter

    if settings.limiter_backend == "memory":
        return LimitsCounter(FixedWindowRateLimiter(MemoryStorage()))
    storage = RedisStorage(
        settings.limiter_redis_url,
        implementation="redispy",
        key_prefix=settings.limiter_prefix,
        socket_timeout=REDIS_SECONDS,
        socket_connect_timeout=REDIS_SECONDS,
    )
    return LimitsCounter(FixedWindowRateLimiter(storage))
