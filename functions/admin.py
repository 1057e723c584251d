"""Administration."""

from uuid import UUID

import azure.durable_functions as df

from shared.admin import service as admin
from shared.admin.errors import AccountDeleted, OwnAccount, OwnRole
from shared.admin.schemas import (
    AdminJobOut,
    AdminJobQuery,
    CreditGrant,
    Decision,
    UserOut,
    UserUpdate,
)
from shared.app.http import Call, endpoint
from shared.credits.errors import BalanceFull
from shared.platform.errors import NotFound
from shared.platform.http.pagination import Page, PageQuery

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
    raises=(NotFound, OwnRole, AccountDeleted),
)
async def update_user(call: Call, user_id: UUID, body: UserUpdate) -> UserOut:
    """Change another user's role, or any account's tier."""
    return await admin.update_user(call.tx, call.principal, user_id, body)


@endpoint(
    bp,
    "DELETE",
    "api/v1/admin/users/{user_id:guid}",
    returns={204: None},
    access="admin",
    raises=(NotFound, OwnAccount),
)
async def delete_user(call: Call, user_id: UUID, query: Decision) -> None:
    """Delete another user's account with all it has."""
    await admin.delete_user(call.tx, call.principal, user_id, query)


@endpoint(
    bp,
    "POST",
    "api/v1/admin/users/{user_id:guid}/disable",
    returns={200: UserOut},
    access="admin",
    raises=(NotFound, OwnAccount, AccountDeleted),
)
async def disable_user(call: Call, user_id: UUID, body: Decision) -> UserOut:
    """Refuse another user's tokens and API keys, and stop their jobs."""
    return await admin.disable_user(call.tx, call.principal, user_id, body)


@endpoint(
    bp,
    "POST",
    "api/v1/admin/users/{user_id:guid}/enable",
    returns={200: UserOut},
    access="admin",
    raises=(NotFound, OwnAccount, AccountDeleted),
)
async def enable_user(call: Call, user_id: UUID, body: Decision) -> UserOut:
    """Let a disabled user in again."""
    return await admin.enable_user(call.tx, call.principal, user_id, body)


@endpoint(
    bp,
    "POST",
    "api/v1/admin/users/{user_id:guid}/credits",
    returns={201: UserOut},
    access="admin",
    raises=(NotFound, AccountDeleted, BalanceFull),
    idempotent=True,
)
async def grant_credits(call: Call, user_id: UUID, body: CreditGrant) -> UserOut:
    """Give a user credits."""
    return await admin.grant_credits(call.tx, call.principal, user_id, body)


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
