"""The activity trail."""

import azure.durable_functions as df

from shared.activity import service as activity
from shared.activity.schemas import ActivityOut, ActivityQuery
from shared.app.http import Call, endpoint
from shared.platform.http.pagination import Page

bp = df.Blueprint()


@endpoint(bp, "GET", "api/v1/activity", returns={200: Page[ActivityOut]})
async def list_activities(call: Call, query: ActivityQuery) -> Page[ActivityOut]:
    """What the caller did or caused, newest first."""
    return await activity.list_activities(call.tx, call.principal, query)
