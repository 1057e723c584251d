"""Health of the app."""

import azure.durable_functions as df

from shared.app.http import Call, Reply, endpoint
from shared.health.schemas import HealthOut

bp = df.Blueprint()


@endpoint(bp, "GET", "health", returns={200: HealthOut, 503: HealthOut}, access="public")
async def get_health(call: Call) -> Reply:
    """The state of the app and its parts; 503 when it cannot serve."""
    return await _answer(call)


@endpoint(bp, "GET", "api/v1/health", returns={200: HealthOut, 503: HealthOut}, access="public")
async def get_api_health(call: Call) -> Reply:
    """The same as /health."""
    return await _answer(call)


@endpoint(bp, "GET", "health/live", returns={200: None}, access="public")
async def get_liveness(call: Call) -> None:
    """Whether the process runs; touches nothing."""


async def _answer(call: Call) -> Reply:
    result = await call.services.health.check()
    return Reply(result, status=503 if result.status == "unhealthy" else 200)
