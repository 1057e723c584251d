"""What a start needs: room for another job and for its images, and the credits to pay for them."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from shared.crawl import service as crawl
from shared.crawl.model import LockedJob
from shared.credits import service as credit_service
from shared.credits.tiers import TIERS, Tier, packages_above
from shared.jobs import repo
from shared.jobs.errors import JobTooLarge, TooManyRunningJobs
from shared.jobs.run import CRAWL, crawl_of
from shared.platform.data.db import Transaction
from shared.platform.errors import AccountDisabled, Invalid
from shared.platform.http.auth import accounts
from shared.platform.http.auth.principal import Principal
from shared.runs import service as runs

# What references to the caller's datasets mean from now on; it is known above jobs.
Pin: TypeAlias = Callable[[Transaction, Principal, Sequence[str]], Awaitable[list[str]]]


async def no_datasets(
    transaction: Transaction, principal: Principal, references: Sequence[str]
) -> list[str]:
    """The pin of who has no datasets.

    Raises:
        Invalid: there are references.
    """
    if references:
        raise Invalid(f"There is no dataset “{references[0]}”.")
    return []


async def pin_exclusions(
    transaction: Transaction, principal: Principal, job: LockedJob, pin: Pin
) -> None:
    """Settles which images the caller's pending job must not resemble.

    Raises:
        Invalid: one of its references is to no dataset or version of the caller's.
    """
    references = job.filters.exclude_similar_to
    if not references:
        return
    pinned = await pin(transaction, principal, references)
    filters = job.filters.model_copy(update={"exclude_similar_to": tuple(pinned)})
    await repo.update_job(
        transaction, job.id, {"filters": filters.model_dump(mode="json", exclude_defaults=True)}
    )


def size_problem(tier: Tier, images: int) -> str | None:
    """Why so many are too many for one job, and the ways out."""
    limit = TIERS[tier].images_per_job
    if images <= limit:
        return None
    return (
        f"an account of the tier {tier} may ask for up to {limit} images in one job: "
        f"ask for fewer{_upgrade_hint(tier)}"
    )


async def start_attempt(
    transaction: Transaction, principal: Principal, job: LockedJob, *, valid: int, clamp: bool
) -> None:
    """Starts the next attempt of the caller's job, which has ``valid`` images already.

    With ``clamp`` for as many of the others as tier and balance allow, if that is one at least.

    Raises:
        TooManyRunningJobs, JobTooLarge: the caller's tier does not allow it.
        InsufficientCredits, MonthlyLimitReached: as for `hold_credits`.
        AccountDisabled: it was disabled or deleted in between.
    """
    running = await runs.count_running(transaction, CRAWL, principal.user_id)
    tier = await credit_service.get_tier(transaction, principal.user_id)
    _check_running(tier, running)
    attempt, wanted = job.attempt + 1, job.max_images - valid
    images = min(wanted, TIERS[tier].images_per_job) if clamp else wanted
    if problem := size_problem(tier, images):  # the tier may be lower than when it was made
        raise JobTooLarge(
            f"The job is too large: {problem}.", tier=tier, limit=TIERS[tier].images_per_job
        )
    if await accounts.find_state(transaction, principal.user_id):
        raise AccountDisabled("This account is disabled.")  # while we waited for the lock
    held = await credit_service.hold_credits(
        transaction, principal.user_id, job_id=job.id, attempt=attempt, amount=images, clamp=clamp
    )
    clamped_to = valid + held if held < wanted else None
    run = crawl_of(job.id, attempt)
    await repo.mark_running(transaction, job.id, attempt, run.instance_id, clamped_to)
    if clamped_to is not None:
        await _log_clamped(transaction, job, clamped_to, held)
    await runs.start(transaction, run, principal.user_id)


def _check_running(tier: Tier, running: int) -> None:
    limit = TIERS[tier].running_jobs
    if running >= limit:
        raise TooManyRunningJobs(
            f"An account of the tier {tier} may have {limit} of its jobs running at once: "
            f"wait until one ends{_upgrade_hint(tier)}.",
            headers={"Retry-After": "30"},
            tier=tier,
            limit=limit,
        )


async def _log_clamped(
    transaction: Transaction, job: LockedJob, clamped_to: int, held: int
) -> None:
    await crawl.add_event(
        transaction,
        job.id,
        "warning",
        "job.clamped",
        f"The job stops at {clamped_to} of {job.max_images} images: {held} credits were to be had.",
        clamped_to=clamped_to,
        held=held,
    )


def _upgrade_hint(tier: Tier) -> str:
    """The other way out of a limit, for a tier that has one."""
    packages = packages_above(tier)
    return f", or buy the package {' or '.join(packages)}" if packages else ""
