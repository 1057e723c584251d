"""Connections to Redis for the parts of the app that have one."""

from typing import TYPE_CHECKING

from shared.platform.settings.redis import RedisAddress

if TYPE_CHECKING:
    from redis.asyncio import ConnectionPool

SECONDS = 2  # to connect, and for each answer
# What its INFO says, by the name that we give it.
FIGURES = {
    "memory_bytes": "used_memory",
    "clients": "connected_clients",
    "commands_per_second": "instantaneous_ops_per_sec",
    "hits": "keyspace_hits",
    "misses": "keyspace_misses",
    "evicted_keys": "evicted_keys",
}


def connect(address: RedisAddress) -> "ConnectionPool":
    """Connections to one database; a broken one is replaced when it is next asked for."""
    from redis.asyncio import ConnectionPool
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    return ConnectionPool.from_url(
        address.url,
        socket_timeout=SECONDS,
        socket_connect_timeout=SECONDS,
        retry=Retry(NoBackoff(), 1),
        protocol=2,  # what every server and every managed service speaks
    )


def answers(address: RedisAddress) -> bool:
    """Whether the server answers a PING with this password; for a process that starts."""
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.exceptions import RedisError
    from redis.retry import Retry

    client = Redis.from_url(
        address.url,
        socket_timeout=SECONDS,
        socket_connect_timeout=SECONDS,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
    )
    try:
        return bool(client.ping())
    except (RedisError, OSError):
        return False
    finally:
        client.close()


async def ping(pool: "ConnectionPool") -> None:
    """Returns when the server answers.

    Raises:
        RedisError, OSError: it does not.
    """
    from redis.asyncio import Redis

    await Redis(connection_pool=pool).ping()


async def figures(pool: "ConnectionPool") -> dict[str, float]:
    """What the server counts of itself, and ``up``; that alone when it does not answer."""
    from redis.asyncio import Redis
    from redis.exceptions import RedisError

    try:
        info = await Redis(connection_pool=pool).info()
    except (RedisError, OSError):
        return {"up": 0}
    return {"up": 1, **{name: float(info[key]) for name, key in FIGURES.items() if key in info}}
