"""Health of the app."""

import azure.durable_functions as df

from shared.health import service as health
from shared.health.service import HealthOut
from shared.platform.endpoint import Call, Reply, endpoint

bp = df.Blueprint()


@endpoint(bp, "GET", "health", returns={200: HealthOut, 503: HealthOut}, access="public")
async def get_health(call: Call) -> Reply:
    """The state of the app and its parts; 503 when it cannot serve."""
    result = await health.check_health(call.services)
    return Reply(result, status=503 if result.status == "unhealthy" else 200)


@endpoint(bp, "GET", "health/live", returns={200: None}, access="public")
async def get_liveness(call: Call) -> None:
    """Whether the process runs; touches nothing."""
