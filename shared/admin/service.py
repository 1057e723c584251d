"""What administrators see and do.

What they do stands in their own trail, with whom it was done to and why. Whoever acts is an
administrator when it is done and cannot do it to themselves: so one always remains.
"""

from uuid import UUID

from shared.activity import service as activity
from shared.admin import repo
from shared.admin.errors import AccountDeleted, OwnAccount, OwnRole
from shared.admin.schemas import (
    AdminJobOut,
    AdminJobQuery,
    CreditGrant,
    Decision,
    UserOut,
    UserUpdate,
)
from shared.credits import service as credit_service
from shared.jobs import service as jobs
from shared.platform.data.cache import of_user
from shared.platform.data.db import Transaction
from shared.platform.errors import Forbidden, NotFound
from shared.platform.http.auth import accounts
from shared.platform.http.auth.principal import Principal
from shared.platform.http.pagination import LATEST, Page, PageQuery, make_page
from shared.projects import service as projects


async def list_users(transaction: Transaction, query: PageQuery) -> Page[UserOut]:
    """A page of all users, newest first.

    Raises:
        Invalid: the query's cursor is not one of this list.
    """
    rows = await repo.list_users(transaction, before=query.before, limit=query.limit + 1)
    return make_page(rows, query, lambda user: (user.created_at, user.id))


async def update_user(
    transaction: Transaction, principal: Principal, user_id: UUID, update: UserUpdate
) -> UserOut:
    """The user with their new role and tier.

    Raises:
        OwnRole: so that one administrator always remains.
        Forbidden: the caller is no administrator any more.
        NotFound: there is no such user, or no credit account that could have a tier.
        AccountDeleted: there is nothing left to change.
    """
    changes = update.changes()
    if "role" in changes and user_id == principal.user_id:
        raise OwnRole("Ask another administrator.")
    await _stay_administrator(transaction, principal)
    await _check_exists(transaction, user_id)
    if "role" in changes:
        await repo.set_role(transaction, user_id, update.role)
        transaction.stale.add(of_user("profile", user_id))
        await _record(transaction, principal, "user.role_changed", user_id, role=update.role)
    if "tier" in changes:
        await credit_service.set_tier(transaction, user_id, update.tier)
        await _record(transaction, principal, "user.tier_changed", user_id, tier=update.tier)
    return await _get_user(transaction, user_id)


async def disable_user(
    transaction: Transaction, principal: Principal, user_id: UUID, decision: Decision
) -> UserOut:
    """The user, whose tokens and API keys are refused and whose running jobs are stopped.

    Disabling twice changes nothing.

    Raises:
        OwnAccount: so that one administrator always remains.
        Forbidden: the caller is no administrator any more.
        NotFound: there is no such user.
        AccountDeleted: there is nothing left to disable.
    """
    await _lock_other(transaction, principal, user_id)
    if await accounts.lock(transaction, user_id, "disabled"):
        transaction.stale.add(of_user("profile", user_id))
        await jobs.stop_all(transaction, user_id)
        await _record(transaction, principal, "user.disabled", user_id, reason=decision.reason)
    return await _get_user(transaction, user_id)


async def enable_user(
    transaction: Transaction, principal: Principal, user_id: UUID, decision: Decision
) -> UserOut:
    """The user, who may sign in and act again. Enabling twice changes nothing.

    Raises:
        OwnAccount, Forbidden, NotFound, AccountDeleted: as for `disable_user`.
    """
    await _lock_other(transaction, principal, user_id)
    if await accounts.unlock(transaction, user_id):
        await _record(transaction, principal, "user.enabled", user_id, reason=decision.reason)
    return await _get_user(transaction, user_id)


async def delete_user(
    transaction: Transaction, principal: Principal, user_id: UUID, decision: Decision
) -> None:
    """Deletes the account with all it has; again, it changes nothing.

    With the commit its tokens and keys are refused, its jobs are stopped and settled and its
    projects are gone. What the outbox promises follows: their blobs, and last the user at Supabase
    Auth with the rest of the rows.

    Raises:
        OwnAccount, Forbidden, NotFound: as for `disable_user`.
    """
    try:
        await _lock_other(transaction, principal, user_id)
    except AccountDeleted:
        return
    await accounts.lock(transaction, user_id, "deleted")
    transaction.stale.add(of_user("profile", user_id))
    await projects.delete_all(transaction, user_id)
    await _record(transaction, principal, "user.deleted", user_id, reason=decision.reason)


async def grant_credits(
    transaction: Transaction, principal: Principal, user_id: UUID, grant: CreditGrant
) -> UserOut:
    """The user with the credits added; two calls are two gifts.

    Raises:
        Forbidden: the caller is no administrator any more.
        NotFound: there is no such user, or no credit account.
        AccountDeleted: nobody is left to use them.
        BalanceFull: the account cannot hold so many.
    """
    await _stay_administrator(transaction, principal)
    await _check_exists(transaction, user_id)
    await credit_service.grant_credits(
        transaction, user_id, amount=grant.amount, description=grant.reason
    )
    await _record(
        transaction, principal, "credits.granted", user_id, amount=grant.amount, reason=grant.reason
    )
    return await _get_user(transaction, user_id)


async def list_jobs(transaction: Transaction, query: AdminJobQuery) -> Page[AdminJobOut]:
    """A page of everybody's jobs, newest first.

    Raises:
        Invalid: the query's cursor is not one of this list.
    """
    rows = await repo.list_jobs(
        transaction, status=query.status, below=query.below, limit=query.limit + 1
    )
    return make_page(rows, query, lambda job: job.id)


async def _lock_other(transaction: Transaction, principal: Principal, user_id: UUID) -> None:
    """Makes sure that the user is somebody else and can be acted upon, one after the other."""
    if user_id == principal.user_id:
        raise OwnAccount("Ask another administrator.")
    await _stay_administrator(transaction, principal)
    await _check_exists(transaction, user_id)


async def _stay_administrator(transaction: Transaction, principal: Principal) -> None:
    if principal.user_id not in await repo.lock_administrators(transaction):
        raise Forbidden("Only an administrator may do this.")


async def _check_exists(transaction: Transaction, user_id: UUID) -> None:
    await repo.keep_user(transaction, user_id)
    if await accounts.find_state(transaction, user_id) == "deleted":
        raise AccountDeleted("This account was deleted.")
    await _get_user(transaction, user_id)


async def _get_user(transaction: Transaction, user_id: UUID) -> UserOut:
    user = await repo.find_user(transaction, user_id, before=LATEST)
    if user is None:
        raise NotFound("There is no such user.")
    return user


async def _record(
    transaction: Transaction, principal: Principal, action: str, user_id: UUID, **said: object
) -> None:
    await activity.record(transaction, principal.user_id, action, "user", user_id, **said)
