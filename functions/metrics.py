"""Metrics for Prometheus."""

import azure.durable_functions as df

from shared.app.http import Call, Reply, endpoint
from shared.metrics import service as metrics
from shared.platform.errors import Unauthenticated

bp = df.Blueprint()


@endpoint(bp, "GET", "metrics", returns={200: None}, access="public", raises=(Unauthenticated,))
async def get_metrics(call: Call) -> Reply:
    """The figures of the service as Prometheus reads them."""
    metrics.check_token(call.services.settings, call.request.headers.get("authorization", ""))
    content = await call.services.metrics.render()
    return Reply(content=content, media_type=metrics.MEDIA_TYPE)
