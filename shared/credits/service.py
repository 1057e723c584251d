"""Rules of credits: a job holds its maximum at the start and pays for what it got at the end."""

from uuid import UUID, uuid4

from shared.activity import service as activity
from shared.credits import repo
from shared.credits.errors import InsufficientCredits, PaymentsNotConfigured, UnknownPackage
from shared.credits.schemas import BalanceOut
from shared.platform.db import Transaction
from shared.platform.errors import NotFound
from shared.platform.principal import Principal
from shared.platform.settings import Settings

PACKAGES = {"starter": 500, "standard": 2_500, "professional": 10_000, "enterprise": 50_000}


async def get_balance(transaction: Transaction, principal: Principal) -> BalanceOut:
    """The caller's account.

    Raises:
        NotFound: the account was deleted.
    """
    balance = await repo.find_balance(transaction, principal.user_id)
    if balance is None:
        raise NotFound("You have no credit account.")
    return balance


async def hold_credits(
    transaction: Transaction, user_id: UUID, *, job_id: int, attempt: int, amount: int
) -> None:
    """Reserves what a job may cost at most.

    Raises:
        InsufficientCredits: with the ``shortfall``.
    """
    if amount == 0:
        return
    if not await repo.reserve(transaction, user_id, amount):
        balance = await repo.find_balance(transaction, user_id)
        available = balance.available if balance else 0
        raise InsufficientCredits(
            f"The job needs up to {amount} credits and {available} are available.",
            required=amount,
            available=available,
            shortfall=amount - available,
        )
    await repo.insert_hold(transaction, user_id, job_id=job_id, attempt=attempt, amount=amount)


async def settle_hold(transaction: Transaction, *, job_id: int, attempt: int, used: int) -> None:
    """Charges ``used`` of what the job's attempt holds and returns the rest; once."""
    hold = await repo.settle_hold(transaction, job_id=job_id, attempt=attempt, charge=used)
    if hold is None:
        return
    user_id, charged = hold["user_id"], hold["charged"]
    await repo.release(transaction, user_id, amount=hold["amount"], charge=charged)
    if charged:
        await repo.post(
            transaction,
            user_id,
            kind="usage",
            amount=-charged,
            description=f"{charged} images of job {job_id}",
            reference=f"job:{job_id}:attempt:{attempt}",
            metadata={"job_id": job_id, "attempt": attempt, "images": charged},
        )


async def purchase(
    transaction: Transaction, principal: Principal, settings: Settings, package_id: str
) -> BalanceOut:
    """Grants a package at once where nobody pays: in development and tests.

    Raises:
        UnknownPackage: there is no package of that id.
        PaymentsNotConfigured: everywhere else, until payments are connected.
    """
    if package_id not in PACKAGES:
        raise UnknownPackage(f"The packages are {', '.join(PACKAGES)}.")
    if settings.environment not in ("development", "test"):
        raise PaymentsNotConfigured
    amount = PACKAGES[package_id]
    await repo.post(
        transaction,
        principal.user_id,
        kind="purchase",
        amount=amount,
        description=f"Package {package_id}, granted without payment",
        reference=f"grant:{uuid4()}",
        metadata={"package_id": package_id},
    )
    await activity.record(
        transaction, principal.user_id, "credits.purchased", "package", package_id, credits=amount
    )
    return await get_balance(transaction, principal)
