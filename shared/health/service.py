"""Checks of the parts, side by side, each within its own two seconds."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

from pydantic import BaseModel

from shared.platform import VERSION
from shared.platform.bootstrap import Services
from shared.platform.logging import get_logger

log = get_logger(__name__)

CHECK_SECONDS = 2.0

Health = Literal["healthy", "degraded", "unhealthy"]


class HealthOut(BaseModel):
    """The state of the app and of each part; ``unhealthy`` means it cannot serve."""

    status: Health
    version: str
    environment: str
    components: dict[str, Literal["healthy", "unhealthy"]]


async def check_health(services: Services) -> HealthOut:
    """Unhealthy without the database, degraded without another part."""
    checks: dict[str, Callable[[Services], Awaitable[None]]] = {
        "database": _database,
        "storage": _storage,
        "auth": _auth,
    }
    results = await asyncio.gather(*(_run(name, check, services) for name, check in checks.items()))
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


async def _run(
    name: str, check: Callable[[Services], Awaitable[None]], services: Services
) -> Literal["healthy", "unhealthy"]:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check(services)
    except Exception as error:  # noqa: BLE001 - whatever it is, the part does not answer
        log.bind(component=name, error=type(error).__name__).warning("health check failed")
        return "unhealthy"
    return "healthy"


async def _database(services: Services) -> None:
    async with services.database.transaction():
        pass


async def _storage(services: Services) -> None:
    await services.blobs.ping()


async def _auth(services: Services) -> None:
    settings = services.settings
    answer = await services.http.get(
        f"{settings.supabase_url.rstrip('/')}/auth/v1/health",
        headers={"apikey": settings.supabase_anon_key.get_secret_value()},
    )
    answer.raise_for_status()
