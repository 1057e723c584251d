"""Health of the app."""

import azure.durable_functions as df

from shared.health import service as health
from shared.health.schemas import HealthOut
from shared.platform.endpoint import Call, Reply, endpoint

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
    result = await health.monitor.check(call.services)
    return Reply(result, status=503 if result.status == "unhealthy" else 200)
