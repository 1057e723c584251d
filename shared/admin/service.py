"""What administrators see and do."""

from uuid import UUID

from shared.activity import service as activity
from shared.admin import repo
from shared.admin.errors import OwnRole
from shared.admin.schemas import AdminJobOut, AdminJobQuery, UserOut, UserUpdate
from shared.platform.cache import of_user
from shared.platform.db import Transaction
from shared.platform.errors import NotFound
from shared.platform.pagination import LATEST, Page, PageQuery, make_page
from shared.platform.principal import Principal


async def list_users(transaction: Transaction, query: PageQuery) -> Page[UserOut]:
    """A page of all users, newest first."""
    rows = await repo.list_users(transaction, before=query.before, limit=query.limit + 1)
    return make_page(rows, query, lambda user: (user.created_at, user.id))


async def update_user(
    transaction: Transaction, principal: Principal, user_id: UUID, update: UserUpdate
) -> UserOut:
    """The user with their new role. It stands in the trail of the administrator.

    Raises:
        OwnRole: so that one administrator always remains.
        NotFound: there is no such user.
    """
    if user_id == principal.user_id:
        raise OwnRole("Ask another administrator.")
    if not await repo.set_role(transaction, user_id, update.role):
        raise NotFound("There is no such user.")
    transaction.stale.add(of_user("profile", user_id))
    await activity.record(
        transaction, principal.user_id, "user.role_changed", "user", user_id, role=update.role
    )
    user = await repo.find_user(transaction, user_id, before=LATEST)
    if user is None:
        raise NotFound("There is no such user.")
    return user


async def list_jobs(transaction: Transaction, query: AdminJobQuery) -> Page[AdminJobOut]:
    """A page of everybody's jobs, newest first."""
    rows = await repo.list_jobs(
        transaction, status=query.status, below=query.below, limit=query.limit + 1
    )
    return make_page(rows, query, lambda job: job.id)
