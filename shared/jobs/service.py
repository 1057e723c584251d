"""Rules of jobs: what may be done with one, in which state, and what follows from it."""

import time
from uuid import UUID

from shared.activity import service as activity
from shared.crawl import service as crawl
from shared.crawl.model import LockedJob
from shared.credits import service as credit_service
from shared.credits.tiers import TIERS
from shared.jobs import lists, repo
from shared.jobs.errors import (
    JobNotEditable,
    JobNotRetryable,
    JobNotRunning,
    JobNotStartable,
)
from shared.jobs.finish import end_job
from shared.jobs.run import CRAWL
from shared.jobs.schemas import JobCreate, JobOut, JobQuery, JobUpdate
from shared.jobs.starting import Pin, no_datasets, pin_exclusions, size_problem, start_attempt
from shared.platform.data.db import Transaction
from shared.platform.errors import NotFound
from shared.platform.http.auth.principal import Principal
from shared.platform.http.pagination import Page, make_page
from shared.runs import service as runs


async def create_job(
    transaction: Transaction, principal: Principal, job: JobCreate, *, pin: Pin = no_datasets
) -> JobOut:
    """The new job, started when it asks for that.

    Raises:
        Invalid: it asks for more images than the caller's tier allows, or its upload does not fit.
        NotFound: the caller has no such project, or no such upload.
        UploadNotReady: the upload was not read yet, or cannot be.
        TooManyRunningJobs, JobTooLarge, InsufficientCredits, MonthlyLimitReached,
            AccountDisabled: as for `start_job`.
    """
    await _check_size(transaction, principal, job.max_images)
    upload = await lists.find_upload(transaction, principal, job)
    if upload and not job.keywords:
        job = lists.with_labels(job, upload)
    job_id = await repo.insert_job(transaction, principal.user_id, job)
    if job_id is None:
        raise NotFound("You have no such project.")
    if job.urls:
        await repo.insert_urls(transaction, job_id, job)
    if upload:
        await lists.note_upload(transaction, job_id, upload)
    await activity.record(
        transaction, principal.user_id, "job.created", "job", job_id, name=job.name
    )
    if job.start:
        return await start_job(
            transaction, principal, job_id, clamp_to_balance=job.clamp_to_balance, pin=pin
        )
    return await get_job(transaction, principal, job_id)


async def get_job(transaction: Transaction, principal: Principal, job_id: int) -> JobOut:
    """The caller's job.

    Raises:
        NotFound: there is none of that id, or it is somebody else's.
    """
    job = await repo.find_job(transaction, principal.user_id, job_id)
    if job is None:
        raise NotFound("You have no such job.")
    return job


async def list_jobs(
    transaction: Transaction, principal: Principal, query: JobQuery
) -> Page[JobOut]:
    """A page of the caller's jobs, newest first.

    Raises:
        Invalid: the query's cursor is not one of this list.
    """
    rows = await repo.list_jobs(
        transaction,
        principal.user_id,
        project_id=query.project_id,
        status=query.status,
        below=query.below,
        limit=query.limit + 1,
    )
    return make_page(rows, query, lambda job: job.id)


async def update_job(
    transaction: Transaction,
    principal: Principal,
    job_id: int,
    update: JobUpdate,
) -> JobOut:
    """The caller's job with the changes made.

    Raises:
        NotFound: the caller has no such job.
        JobNotEditable: more than its name should change although it was started.
        Invalid: it asks for more images than the caller's tier allows, or for what its list or
            its categories do not fit.
    """
    job = await lock_own(transaction, principal, job_id)
    changes = update.changes()
    if job.status != "pending" and changes.keys() - {"name"}:
        raise JobNotEditable(f"The job is {job.status}; only its name can be changed.")
    if "max_images" in changes:
        await _check_size(transaction, principal, changes["max_images"])
    await lists.check_list(transaction, job_id, changes)
    lists.check_categories(job, changes)
    await repo.update_job(transaction, job_id, changes)
    await activity.record(transaction, principal.user_id, "job.updated", "job", job_id, **changes)
    return await get_job(transaction, principal, job_id)


async def start_job(
    transaction: Transaction,
    principal: Principal,
    job_id: int,
    *,
    clamp_to_balance: bool = False,
    pin: Pin = no_datasets,
    request_age: float = 0,
) -> JobOut:
    """Holds the job's credits, or what there is of them, and promises its orchestration.

    Equal requests at once are one: a request that came in before another one had started the job,
    ``request_age`` seconds ago, gets the same answer.

    Raises:
        NotFound: the caller has no such job.
        JobNotStartable: it is not pending.
        TooManyRunningJobs, JobTooLarge: the caller's tier does not allow it.
        InsufficientCredits, MonthlyLimitReached: as for `hold_credits`.
        AccountDisabled: it was disabled or deleted in between.
        Invalid: it excludes what resembles a dataset that the caller does not have.
    """
    asked = time.monotonic() - request_age
    job = await lock_own(transaction, principal, job_id)
    if job.is_running and (
        job.status_before == "pending" or (job.running_seconds or 0) < time.monotonic() - asked
    ):
        return await get_job(transaction, principal, job_id)
    if job.status != "pending":
        raise JobNotStartable(f"The job is {job.status}; only a pending job can be started.")
    await pin_exclusions(transaction, principal, job, pin)
    await start_attempt(transaction, principal, job, valid=0, clamp=clamp_to_balance)
    await activity.record(transaction, principal.user_id, "job.started", "job", job_id)
    return await get_job(transaction, principal, job_id)


async def stop_job(transaction: Transaction, principal: Principal, job_id: int) -> JobOut:
    """Ends the job at once: what is stored stays and is paid, the rest of the hold returns.

    Chunks under way notice before they commit and leave nothing. Stopping twice changes nothing.

    Raises:
        NotFound: the caller has no such job.
        JobNotRunning: it was never started, or has ended by itself.
    """
    job = await lock_own(transaction, principal, job_id)
    if job.is_running:
        await end_job(transaction, job, status="cancelled", failure=None)
    elif job.status != "cancelled":
        raise JobNotRunning(f"The job is {job.status}.")
    return await get_job(transaction, principal, job_id)


async def stop_all(transaction: Transaction, user_id: UUID) -> None:
    """Ends every running job of the user as `stop_job` does."""
    await repo.lock_all(transaction, user_id)
    running = await runs.list_running_of(transaction, CRAWL, user_id)
    # All jobs before the first hold: who waits for a job must not have the account.
    for job in [await crawl.lock_job(transaction, job_id) for job_id in running]:
        if job is not None and job.is_running:
            await end_job(transaction, job, status="cancelled", failure=None)


async def retry_job(
    transaction: Transaction,
    principal: Principal,
    job_id: int,
    *,
    clamp_to_balance: bool = False,
) -> JobOut:
    """Starts the next attempt of a failed or cancelled job: it crawls only what is missing.

    Also of one that is completed, but was clamped to the balance of its time.

    Raises:
        NotFound: the caller has no such job.
        JobNotRetryable: it is in another state.
        TooManyRunningJobs, JobTooLarge, InsufficientCredits, MonthlyLimitReached,
            AccountDisabled: as for `start_job`.
    """
    job = await lock_own(transaction, principal, job_id)
    is_short = job.status == "completed" and job.clamped_to is not None
    if job.status not in ("failed", "cancelled") and not is_short:
        raise JobNotRetryable(f"The job is {job.status}.")
    await crawl.reopen(transaction, job_id)
    valid, _ = await repo.count_valid(transaction, job_id)
    await start_attempt(transaction, principal, job, valid=valid, clamp=clamp_to_balance)
    await activity.record(transaction, principal.user_id, "job.retried", "job", job_id)
    return await get_job(transaction, principal, job_id)


async def _check_size(transaction: Transaction, principal: Principal, max_images: int) -> None:
    if size_problem("free", max_images) is None:
        return  # every tier allows that: no need to ask for the caller's
    tier = await credit_service.get_tier(transaction, principal.user_id)
    if problem := size_problem(tier, max_images):
        limit = TIERS[tier].images_per_job
        raise lists.invalid("max_images", problem, "less_than_equal", tier=tier, limit=limit)


async def lock_own(transaction: Transaction, principal: Principal, job_id: int) -> LockedJob:
    """The caller's job, locked until the commit.

    Raises:
        NotFound: the caller has no such job.
    """
    job = await crawl.lock_job(transaction, job_id)
    if job is None or job.user_id != principal.user_id:
        raise NotFound("You have no such job.")
    return job
