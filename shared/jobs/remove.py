"""Removing jobs: their rows in the request's transaction, their blobs after its commit."""

from shared.activity import service as activity
from shared.jobs import repo
from shared.jobs.errors import JobRunning
from shared.jobs.messages import CLEANUP_QUEUE, JOBS_PER_MESSAGE, CleanupMessage
from shared.jobs.service import lock_own
from shared.platform import outbox
from shared.platform.blob import BlobStore
from shared.platform.db import Transaction
from shared.platform.errors import Unavailable
from shared.platform.principal import Principal


async def delete_job(transaction: Transaction, principal: Principal, job_id: int) -> None:
    """Removes the caller's job with everything of it; what it was charged stays in the ledger.

    Raises:
        NotFound: the caller has no such job.
        JobRunning: it must be stopped first, which settles its credits.
    """
    job = await lock_own(transaction, principal, job_id)
    if job["status"] == "running":
        raise JobRunning("The job is running; stop it first.")
    await repo.delete_job(transaction, job_id)
    await _promise_cleanup(transaction, [job_id])
    await activity.record(
        transaction, principal.user_id, "job.deleted", "job", job_id, name=job["name"]
    )


async def remove_jobs(transaction: Transaction, project_id: int) -> int:
    """Prepares the removal of a locked project: how many of its jobs are running and forbid it."""
    jobs = await repo.lock_jobs_of(transaction, project_id)
    running = [job for job in jobs if job["status"] == "running"]
    if running:
        return len(running)
    await _promise_cleanup(transaction, [job["id"] for job in jobs])
    return 0


async def remove_blobs(blobs: BlobStore, message: CleanupMessage) -> None:
    """Deletes every blob of jobs that are gone; twice is as once.

    Raises:
        Unavailable: some could not be deleted; the message must come again.
    """
    for job_id in message.job_ids:
        prefix = f"jobs/{job_id}/"
        async for names in blobs.batches(prefix):
            await blobs.delete(names)
        async for name in blobs.names(prefix):
            raise Unavailable(f"{name} could not be deleted.")


async def _promise_cleanup(transaction: Transaction, job_ids: list[int]) -> None:
    for start in range(0, len(job_ids), JOBS_PER_MESSAGE):
        message = CleanupMessage(job_ids=job_ids[start : start + JOBS_PER_MESSAGE])
        await outbox.add(
            transaction,
            "queue_message",
            {"queue": CLEANUP_QUEUE, "message": message.model_dump(exclude_none=True)},
            key=f"cleanup:job:{message.job_ids[0]}",
        )
