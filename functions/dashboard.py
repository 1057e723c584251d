"""The dashboard."""

import azure.durable_functions as df

from shared.app.http import Call, endpoint
from shared.dashboard import service as dashboard
from shared.dashboard.schemas import DashboardOut

bp = df.Blueprint()


@endpoint(bp, "GET", "api/v1/dashboard/stats", returns={200: DashboardOut})
async def get_dashboard_stats(call: Call) -> DashboardOut:
    """The caller's projects, jobs, images, storage and credits at a glance."""
    return await dashboard.get_stats(call.tx, call.principal)
