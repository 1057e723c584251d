"""Rules of jobs: what may be done with one, in which state, and what follows from it."""

import time
from typing import Any
from uuid import UUID

from shared.activity import service as activity
from shared.crawl import ledger_repo, search_repo
from shared.crawl import repo as crawl_repo
from shared.crawl.model import URL_LIST
from shared.credits import service as credit_service
from shared.jobs import repo
from shared.jobs.errors import (
    JobNotEditable,
    JobNotRetryable,
    JobNotRunning,
    JobNotStartable,
    TooManyRunningJobs,
)
from shared.jobs.finish import end_job
from shared.jobs.schemas import JobCreate, JobOut, JobQuery, JobUpdate
from shared.platform import accounts, outbox
from shared.platform.db import Transaction
from shared.platform.errors import AccountDisabled, Invalid, NotFound
from shared.platform.pagination import Page, make_page
from shared.platform.principal import Principal
from shared.platform.settings import Settings

ORCHESTRATION = "crawl"


async def create_job(
    transaction: Transaction, principal: Principal, settings: Settings, job: JobCreate
) -> JobOut:
    """The new job, started when it asks for that.

    Raises:
        Invalid: it asks for more images than the plan allows.
        NotFound: the caller has no such project.
        InsufficientCredits, TooManyRunningJobs: as for `start_job`.
    """
    _check_size(settings, job.max_images)
    job_id = await repo.insert_job(transaction, principal.user_id, job)
    if job_id is None:
        raise NotFound("You have no such project.")
    await repo.insert_urls(transaction, job_id, job)
    await activity.record(
        transaction, principal.user_id, "job.created", "job", job_id, name=job.name
    )
    if job.start:
        return await start_job(transaction, principal, settings, job_id)
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
    """A page of the caller's jobs, newest first."""
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
    settings: Settings,
    job_id: int,
    update: JobUpdate,
) -> JobOut:
    """The caller's job with the changes made.

    Raises:
        NotFound: the caller has no such job.
        JobNotEditable: more than its name should change although it was started.
        Invalid: it asks for more images than the plan allows, or for what its list does not fit.
    """
    job = await lock_own(transaction, principal, job_id)
    changes = update.changes()
    if job["status"] != "pending" and changes.keys() - {"name"}:
        raise JobNotEditable(f"The job is {job['status']}; only its name can be changed.")
    _check_size(settings, changes.get("max_images", 0))
    _check_list(changes, await repo.listed_keywords(transaction, job_id))
    await repo.update_job(transaction, job_id, changes)
    await activity.record(transaction, principal.user_id, "job.updated", "job", job_id, **changes)
    return await get_job(transaction, principal, job_id)


async def start_job(
    transaction: Transaction,
    principal: Principal,
    settings: Settings,
    job_id: int,
    *,
    request_age: float = 0,
) -> JobOut:
    """Holds the job's credits and promises its orchestration.

    Equal requests at once are one: a request that came in before another one had started the job,
    ``request_age`` seconds ago, gets the same answer.

    Raises:
        NotFound: the caller has no such job.
        JobNotStartable: it is not pending.
        InsufficientCredits, TooManyRunningJobs: nothing is started.
    """
    asked = time.monotonic() - request_age
    job = await lock_own(transaction, principal, job_id)
    if job["status"] == "running" and (
        job["status_before"] == "pending" or job["running_seconds"] < time.monotonic() - asked
    ):
        return await get_job(transaction, principal, job_id)
    if job["status"] != "pending":
        raise JobNotStartable(f"The job is {job['status']}; only a pending job can be started.")
    await _run(transaction, principal, settings, job_id, attempt=1, images=job["max_images"])
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
    if job["status"] == "running":
        await end_job(transaction, job_id, job, status="cancelled", failure=None)
    elif job["status"] != "cancelled":
        raise JobNotRunning(f"The job is {job['status']}.")
    return await get_job(transaction, principal, job_id)


async def stop_all(transaction: Transaction, user_id: UUID) -> None:
    """Ends every running job of the user as `stop_job` does."""
    for job_id in await repo.list_running_of(transaction, user_id):
        job = await repo.lock_job(transaction, job_id)
        if job is not None and job["status"] == "running":
            await end_job(transaction, job_id, job, status="cancelled", failure=None)


async def retry_job(
    transaction: Transaction, principal: Principal, settings: Settings, job_id: int
) -> JobOut:
    """Starts the next attempt of a failed or cancelled job: it crawls only what is missing.

    Raises:
        NotFound: the caller has no such job.
        JobNotRetryable: it is in another state.
        InsufficientCredits, TooManyRunningJobs: nothing is started.
    """
    job = await lock_own(transaction, principal, job_id)
    if job["status"] not in ("failed", "cancelled"):
        raise JobNotRetryable(f"The job is {job['status']}.")
    valid, _ = await repo.count_valid(transaction, job_id)
    reopened = await crawl_repo.reopen(transaction, job_id)
    await search_repo.reopen_degraded(transaction, job_id)
    await ledger_repo.allow_expansion(transaction, job_id)
    await ledger_repo.recount_chunks(transaction, job_id, reopened)
    await _run(
        transaction,
        principal,
        settings,
        job_id,
        attempt=job["attempt"] + 1,
        images=job["max_images"] - valid,
    )
    await activity.record(transaction, principal.user_id, "job.retried", "job", job_id)
    return await get_job(transaction, principal, job_id)


def _check_size(settings: Settings, max_images: int) -> None:
    if max_images > settings.max_images_per_job:
        problem = f"your plan allows up to {settings.max_images_per_job} images in one job"
        raise _invalid("max_images", problem, "less_than_equal")


def _check_list(changes: dict[str, Any], listed: set[str]) -> None:
    """The URLs of a job stay: so do their keywords, and the engine that crawls them."""
    if "keywords" in changes and (lost := listed - set(changes["keywords"])):
        names = ", ".join(sorted(lost))
        raise _invalid("keywords", f"the job lists URLs under: {names}", "value_error")
    if "engines" in changes and bool(listed) != (URL_LIST in changes["engines"]):
        problem = "the engine url_list goes with the URLs that the job was made with"
        raise _invalid("engines", problem, "value_error")


def _invalid(field: str, problem: str, kind: str) -> Invalid:
    error = {"loc": ["body", field], "msg": problem, "type": kind}
    return Invalid(f"Invalid: {field}.", errors=[error])


async def lock_own(transaction: Transaction, principal: Principal, job_id: int) -> dict[str, Any]:
    """The row of the caller's job, as `repo.lock_job` gives it, locked.

    Raises:
        NotFound: the caller has no such job.
    """
    job = await repo.lock_job(transaction, job_id)
    if job is None or job["user_id"] != principal.user_id:
        raise NotFound("You have no such job.")
    return job


async def _run(
    transaction: Transaction,
    principal: Principal,
    settings: Settings,
    job_id: int,
    *,
    attempt: int,
    images: int,
) -> None:
    if await repo.lock_running(transaction, principal.user_id) >= settings.max_running_jobs:
        raise TooManyRunningJobs(
            f"{settings.max_running_jobs} of your jobs are running; wait for one to end.",
            headers={"Retry-After": "30"},
        )
    if await accounts.find_state(transaction, principal.user_id):
        raise AccountDisabled("This account is disabled.")  # while we waited for the lock
    await credit_service.hold_credits(
        transaction, principal.user_id, job_id=job_id, attempt=attempt, amount=images
    )
    await repo.mark_running(transaction, job_id, attempt)
    await outbox.add(
        transaction,
        "start_orchestration",
        {
            "name": ORCHESTRATION,
            "instance_id": instance_id(job_id, attempt),
            "input": {"job_id": job_id, "attempt": attempt},
        },
        key=f"start:{instance_id(job_id, attempt)}",
    )


def instance_id(job_id: int, attempt: int) -> str:
    """The orchestration instance of a job's attempt: starting it twice is harmless."""
    return f"job-{job_id}-{attempt}"
