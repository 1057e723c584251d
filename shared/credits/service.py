"""Rules of credits: a job holds its maximum at the start and pays for what it got at the end."""

from uuid import UUID, uuid4

from shared.activity import service as activity
from shared.credits import repo
from shared.credits.errors import (
    InsufficientCredits,
    MonthlyLimitReached,
    PaymentsNotConfigured,
    UnknownPackage,
)
from shared.credits.schemas import BalanceOut, SettingsUpdate, TransactionOut, TransactionQuery
from shared.credits.settings import CreditSettings
from shared.credits.tiers import PACKAGES, TIERS, Tier, tiers_below
from shared.platform.data.db import Transaction
from shared.platform.errors import NotFound
from shared.platform.http.auth.principal import Principal
from shared.platform.http.pagination import Page, make_page
from shared.platform.settings import PlatformSettings

NO_ACCOUNT = "This user has no credit account."


async def get_balance(transaction: Transaction, principal: Principal) -> BalanceOut:
    """The caller's account.

    Raises:
        NotFound: the account was deleted.
    """
    balance = await repo.find_balance(transaction, principal.user_id)
    if balance is None:
        raise NotFound("You have no credit account.")
    return balance


async def get_tier(transaction: Transaction, user_id: UUID) -> Tier:
    """The tier of the user's account; without an account it is free."""
    return await repo.find_tier(transaction, user_id) or "free"


async def set_tier(transaction: Transaction, user_id: UUID, tier: Tier) -> None:
    """Gives the user's account the tier. Jobs that run already go on.

    Raises:
        NotFound: the user has no account.
    """
    if not await repo.set_tier(transaction, user_id, tier, among=list(TIERS)):
        raise NotFound(NO_ACCOUNT)


async def update_settings(
    transaction: Transaction, principal: Principal, update: SettingsUpdate
) -> BalanceOut:
    """The caller's account with the settings changed. A monthly limit that is set binds.

    Raises:
        NotFound: the account was deleted.
    """
    changes = update.changes()
    if "monthly_limit" in changes:
        changes.setdefault("monthly_limit_enforced", True)
    await repo.update_settings(transaction, principal.user_id, changes)
    account = await get_balance(transaction, principal)
    await activity.record(
        transaction,
        principal.user_id,
        "credits.settings_updated",
        "credit_account",
        principal.user_id,
        **changes,
    )
    return account


async def list_transactions(
    transaction: Transaction, principal: Principal, query: TransactionQuery
) -> Page[TransactionOut]:
    """A page of the caller's ledger, newest first.

    Raises:
        Invalid: the query's cursor is not one of this list.
    """
    rows = await repo.list_transactions(
        transaction,
        principal.user_id,
        kind=query.type,
        before=query.before,
        limit=query.limit + 1,
    )
    return make_page(rows, query, lambda row: (row.created_at, row.id))


async def refresh_usage(transaction: Transaction) -> None:
    """Brings the figures of accounts up to date, as when a month has begun; any run is the same."""
    await repo.refresh_usage(transaction)


async def hold_credits(
    transaction: Transaction,
    user_id: UUID,
    *,
    job_id: int,
    attempt: int,
    amount: int,
    clamp: bool = False,
) -> int:
    """Reserves what a job may cost at most, with ``clamp`` as much of it as there is; how much.

    Raises:
        InsufficientCredits: with the ``shortfall``.
        MonthlyLimitReached: the user's own limit for a month would be exceeded.
    """
    if amount == 0:
        return 0
    if clamp:
        # What is there by the time that we have the account, else all: it is refused as ever.
        await repo.lock_account(transaction, user_id)
        account = await repo.find_balance(transaction, user_id)
        amount = min(amount, account.affordable if account else 0) or amount
    if not await repo.reserve(transaction, user_id, amount):
        balance = await repo.find_balance(transaction, user_id)
        available = balance.available if balance else 0
        raise InsufficientCredits(
            f"The job needs up to {amount} credits and {available} are available.",
            required=amount,
            available=available,
            shortfall=amount - available,
        )
    await _check_monthly_limit(transaction, user_id, amount)
    await repo.insert_hold(transaction, user_id, job_id=job_id, attempt=attempt, amount=amount)
    return amount


async def _check_monthly_limit(transaction: Transaction, user_id: UUID, amount: int) -> None:
    """Called with ``amount`` reserved, which locks the account: holds at once are counted."""
    account = await repo.find_balance(transaction, user_id)
    if account is None or not account.monthly_limit_enforced:
        return
    committed = account.monthly_usage + account.reserved
    if committed > account.monthly_limit:
        raise MonthlyLimitReached(
            f"The job may cost up to {amount} credits; your limit of {account.monthly_limit} a "
            f"month leaves {max(account.monthly_limit - committed + amount, 0)}.",
            required=amount,
            monthly_limit=account.monthly_limit,
            monthly_usage=account.monthly_usage,
        )


async def settle_hold(transaction: Transaction, *, job_id: int, attempt: int, used: int) -> None:
    """Charges ``used`` of what the job's attempt holds and returns the rest; once."""
    hold = await repo.settle_hold(transaction, job_id=job_id, attempt=attempt, charge=used)
    if hold is None:
        return
    charged = hold.charged
    await repo.release(transaction, hold.user_id, amount=hold.amount, charge=charged)
    if charged:
        await repo.post(
            transaction,
            hold.user_id,
            kind="usage",
            amount=-charged,
            description=f"{charged} images of job {job_id}",
            reference=f"job:{job_id}:attempt:{attempt}",
            metadata={"job_id": job_id, "attempt": attempt, "images": charged},
        )


async def purchase(
    transaction: Transaction, principal: Principal, settings: PlatformSettings, package_id: str
) -> BalanceOut:
    """Grants a package, and its tier to an account of a lesser one, at once where nobody pays.

    That is in development and tests.

    Raises:
        UnknownPackage: there is no package of that id.
        PaymentsNotConfigured: everywhere else, until payments are connected.
        BalanceFull: the account cannot hold so many.
        NotFound: the account was deleted.
    """
    if package_id not in PACKAGES:
        raise UnknownPackage(f"The packages are {', '.join(PACKAGES)}.")
    if settings.environment not in ("development", "test"):
        raise PaymentsNotConfigured
    package = PACKAGES[package_id]
    await repo.post(
        transaction,
        principal.user_id,
        kind="purchase",
        amount=package.credits,
        description=f"Package {package_id}, granted without payment",
        reference=f"grant:{uuid4()}",
        metadata={"package_id": package_id},
    )
    await repo.set_tier(
        transaction, principal.user_id, package.tier, among=tiers_below(package.tier)
    )
    await activity.record(
        transaction,
        principal.user_id,
        "credits.purchased",
        "package",
        package_id,
        credits=package.credits,
    )
    return await get_balance(transaction, principal)


async def grant_credits(
    transaction: Transaction, user_id: UUID, *, amount: int, description: str
) -> None:
    """Books a gift to the user; two calls are two gifts.

    Raises:
        NotFound: the user has no account.
        BalanceFull: the account cannot hold so many.
    """
    booked = await repo.post(
        transaction,
        user_id,
        kind="bonus",
        amount=amount,
        description=description,
        reference=f"grant:{uuid4()}",
        metadata={},
    )
    if not booked:
        raise NotFound(NO_ACCOUNT)


async def publish_signup_bonus(transaction: Transaction, settings: CreditSettings) -> None:
    """Makes new accounts begin with ``SIGNUP_BONUS_CREDITS``: a trigger of the database does it."""
    await repo.set_signup_bonus(transaction, settings.signup_bonus_credits)
