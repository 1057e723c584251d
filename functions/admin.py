"""Administration."""

from uuid import UUID

import azure.durable_functions as df

from shared.admin import service as admin
from shared.admin.errors import OwnRole
from shared.admin.schemas import AdminJobOut, AdminJobQuery, UserOut, UserUpdate
from shared.platform.endpoint import Call, endpoint
from shared.platform.errors import NotFound
from shared.platform.pagination import Page, PageQuery

bp = df.Blueprint()


@endpoint(
    bp,
    "GET",
    "api/v1/admin/users",
    returns={200: Page[UserOut]},
    access="admin",
    internal=True,
)
async def list_users(call: Call, query: PageQuery) -> Page[UserOut]:
    """All users, newest first."""
    return await admin.list_users(call.tx, query)


@endpoint(
    bp,
    "PATCH",
    "api/v1/admin/users/{user_id:guid}",
    returns={200: UserOut},
    access="admin",
    raises=(NotFound, OwnRole),
)
async def update_user(call: Call, user_id: UUID, body: UserUpdate) -> UserOut:
    """Change another user's role."""
    return await admin.update_user(call.tx, call.principal, user_id, body)


@endpoint(
    bp,
    "GET",
    "api/v1/admin/jobs",
    returns={200: Page[AdminJobOut]},
    access="admin",
    internal=True,
)
async def list_all_jobs(call: Call, query: AdminJobQuery) -> Page[AdminJobOut]:
    """The jobs of all users, newest first."""
    return await admin.list_jobs(call.tx, query)
