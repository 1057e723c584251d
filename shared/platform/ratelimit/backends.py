"""Where requests are counted: PostgreSQL, Redis through ``limits``, or this process's memory."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from shared.platform.data.db import Database
from shared.platform.data.redis_pool import connect
from shared.platform.errors import Unavailable
from shared.platform.ratelimit import repo
from shared.platform.ratelimit.policy import Bucket, Usage
from shared.platform.settings import PlatformSettings

if TYPE_CHECKING:
    from limits.aio.storage import Storage
    from redis.asyncio import ConnectionPool


class Counter(Protocol):
    """Counts requests, each in exactly one window, whichever instance they came to."""

    async def hit(self, buckets: Sequence[Bucket]) -> list[Usage]:
        """Counts one request in every bucket, or in those up to the first that is full.

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

    def __init__(self, storage: "Storage") -> None:
        from limits.aio.strategies import FixedWindowRateLimiter

        self._strategy = FixedWindowRateLimiter(storage)

    async def hit(self, buckets: Sequence[Bucket]) -> list[Usage]:
        """Counts one request in the buckets, one after the other.

        Requests overtake each other between two buckets: one that the first refuses must not take
        the place of one that it lets through.
        """
        from redis.exceptions import RedisError

        usages: list[Usage] = []
        try:
            for bucket in buckets:
                usages.append(await self._hit(bucket))
                if usages[-1].exceeded:
                    break
            return usages
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


def open_counter(
    settings: PlatformSettings, database: Database, redis: "ConnectionPool | None" = None
) -> Counter:
    """The counter that ``LIMITER_BACKEND`` names; ``redis`` are the connections for that one."""
    if settings.limiter_backend == "postgres":
        return PostgresCounter(database)
    from limits.aio.storage import MemoryStorage, RedisStorage

    if settings.limiter_backend == "memory":
        return LimitsCounter(MemoryStorage())
    storage = RedisStorage(
        f"async+{settings.limiter_redis.url}",
        implementation="redispy",
        key_prefix=settings.limiter_prefix,
        connection_pool=redis or connect(settings.limiter_redis),  # type: ignore[arg-type]  # "options: str"
    )
    return LimitsCounter(storage)
