"""Removing jobs: their rows in the request's transaction, their blobs after its commit.

A trigger of the database promises to remove the blobs, whoever deletes the rows: an owner may
delete a project, and Supabase an account, past this API.
"""

from shared.activity import service as activity
from shared.jobs import repo
from shared.jobs.errors import JobRunning
from shared.jobs.messages import CleanupMessage
from shared.jobs.service import lock_own
from shared.platform.data import outbox
from shared.platform.data.blob import BlobStore
from shared.platform.data.db import Transaction
from shared.platform.errors import Unavailable
from shared.platform.http.auth.principal import Principal


async def delete_job(transaction: Transaction, principal: Principal, job_id: int) -> None:
    """Removes the caller's job with everything of it; what it was charged stays in the ledger.

    Raises:
        NotFound: the caller has no such job.
        JobRunning: it must be stopped first, which settles its credits.
    """
    job = await lock_own(transaction, principal, job_id)
    if job.is_running:
        raise JobRunning("The job is running; stop it first.")
    await repo.delete_job(transaction, job_id)
    await outbox.add_triggered(transaction)
    await activity.record(
        transaction, principal.user_id, "job.deleted", "job", job_id, name=job.name
    )


async def count_running(transaction: Transaction, project_id: int) -> int:
    """How many jobs of a locked project are running; until the commit none starts or ends."""
    return (await repo.lock_jobs_of(transaction, project_id)).count("running")


async def remove_blobs(blobs: BlobStore, message: CleanupMessage) -> None:
    """Deletes every blob of jobs that are gone. A second call changes nothing.

    Raises:
        Unavailable: some could not be deleted; the message must come again.
    """
    for job_id in message.job_ids:
        for prefix in (f"jobs/{job_id}/", f"thumbnails/{job_id}/"):
            async for names in blobs.batches(prefix):
                await blobs.delete(names)
            async for name in blobs.names(prefix):
                raise Unavailable(f"{name} could not be deleted.")
