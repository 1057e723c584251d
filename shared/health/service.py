"""Checks of the parts, side by side, each within its own time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

from shared.health.schemas import Health, HealthOut, PartHealth
from shared.platform import VERSION, outbox, redis_pool
from shared.platform.bootstrap import Services
from shared.platform.errors import Unavailable
from shared.platform.logging import get_logger

log = get_logger(__name__)

CHECK_SECONDS = 2.0
FIRST_SECONDS = 10.0  # the first check of a process loads the clients of all parts
KEPT_SECONDS = 5.0
# The reconciler starts promised orchestrations every minute; one that waits longer is stuck.
START_WITHIN = timedelta(minutes=3)


class HealthMonitor:
    """The health of this process's services, looked at when it is asked for, at most every 5 s."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._result: HealthOut | None = None
        self._checked_at = 0.0

    async def check(self, services: Services) -> HealthOut:
        """Unhealthy without the database, degraded without another part."""
        async with self._lock:
            if self._result is None or time.monotonic() - self._checked_at > KEPT_SECONDS:
                seconds = CHECK_SECONDS if self._result else FIRST_SECONDS
                self._result = await check_health(services, seconds)
                self._checked_at = time.monotonic()
            return self._result


monitor = HealthMonitor()


async def check_health(services: Services, seconds: float = CHECK_SECONDS) -> HealthOut:
    """The health at this moment; a part that needs more than ``seconds`` is unhealthy."""
    checks: dict[str, Callable[[Services], Awaitable[None]]] = {
        "database": _database,
        "storage": _storage,
        "queue": _queue,
        "auth": _auth,
        "orchestrator": _orchestrator,
    }
    if services.redis:
        checks["redis"] = _redis
    results = await asyncio.gather(
        *(_run(name, check(services), seconds) for name, check in checks.items())
    )
    components = dict(zip(checks, results, strict=True))
    status: Health = "healthy"
    if "unhealthy" in results:
        status = "unhealthy" if components["database"] == "unhealthy" else "degraded"
    return HealthOut(
        status=status,
        version=VERSION,
        environment=services.settings.environment,
        components=components,
    )


async def _run(name: str, check: Awaitable[None], seconds: float) -> PartHealth:
    try:
        async with asyncio.timeout(seconds):
            await check
    except Exception as error:  # noqa: BLE001 - whatever it is, the part does not answer
        log.bind(component=name, error=type(error).__name__).warning("health check failed")
        return "unhealthy"
    return "healthy"


async def _database(services: Services) -> None:
    async with services.database.transaction():
        pass


async def _storage(services: Services) -> None:
    await services.blobs.ping()


async def _queue(services: Services) -> None:
    await services.queues.ping()


async def _redis(services: Services) -> None:
    await asyncio.gather(*(redis_pool.ping(pool) for pool in services.redis.values()))


async def _orchestrator(services: Services) -> None:
    async with services.database.transaction() as transaction:
        if await outbox.is_stuck(transaction, "start_orchestration", START_WITHIN):
            raise Unavailable("Orchestrations are not started.")


async def _auth(services: Services) -> None:
    settings = services.settings
    answer = await services.http.get(
        f"{settings.supabase_url.rstrip('/')}/auth/v1/health",
        headers={"apikey": settings.supabase_anon_key.get_secret_value()},
    )
    answer.raise_for_status()
