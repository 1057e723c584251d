"""Beginning and ending a job: what its orchestration does to the job itself."""

from shared.activity import service as activity
from shared.crawl import service as crawl
from shared.crawl.model import LockedJob
from shared.credits import service as credit_service
from shared.jobs import repo
from shared.jobs.run import crawl_of
from shared.notifications import service as notifications
from shared.notifications.schemas import NotificationMessage
from shared.platform.data.db import Transaction
from shared.runs import service as runs
from shared.runs.model import Run
from shared.runs.service import End

SEVERITY = {"completed": "success", "failed": "error", "cancelled": "info"}


async def begin_job(transaction: Transaction, job_id: int, attempt: int) -> bool:
    """Prepares the searches of a running attempt; False when the job is over or moved on."""
    job = await crawl.lock_job(transaction, job_id)
    if job is None or not job.runs(attempt):
        return False
    await crawl.begin(transaction, job)
    return True


async def finish_job(
    transaction: Transaction, job_id: int, attempt: int, *, failure: str | None = None
) -> str:
    """Ends a running attempt as completed or failed; the job's status.

    It has failed for the ``failure`` given, or when its own figures say so. A second call changes
    nothing.
    """
    job = await crawl.lock_job(transaction, job_id)
    if job is None:
        return "deleted"
    if not job.runs(attempt):
        return job.status
    failure = failure or await crawl.find_failure(transaction, job)
    status: End = "failed" if failure else "completed"
    await end_job(transaction, job, status=status, failure=failure)
    return status


async def fail_run(transaction: Transaction, run: Run, reason: str) -> None:
    """Ends a crawl that nothing comes of any more."""
    await finish_job(transaction, run.subject_id, run.attempt, failure=reason)


async def end_job(
    transaction: Transaction, job: LockedJob, *, status: End, failure: str | None
) -> None:
    """Settles credits, counters, log, trail and notification of a running job."""
    job_id = job.id
    await crawl.close(transaction, job_id)
    valid, paid = await repo.count_valid(transaction, job_id)
    await credit_service.settle_hold(
        transaction, job_id=job_id, attempt=job.attempt, used=max(valid - paid, 0)
    )
    await repo.mark_finished(transaction, job_id, status=status, failure=failure)
    await runs.end(transaction, crawl_of(job_id, job.attempt), status)
    message = failure or _summary(job, valid)
    level = "error" if status == "failed" else "info"
    await crawl.add_event(transaction, job_id, level, f"job.{status}", message, valid_images=valid)
    await activity.record(
        transaction, job.user_id, f"job.{status}", "job", job_id, valid_images=valid
    )
    await notifications.notify(
        transaction,
        NotificationMessage.model_validate(
            {
                "event_key": f"job:{job_id}:{job.attempt}:{status}",
                "user_id": job.user_id,
                "type": SEVERITY[status],
                "category": "crawl_jobs",
                "title": f"Job {status}: {job.name}",
                "message": message,
                "action_url": f"/jobs/{job_id}",
            }
        ),
    )


def _summary(job: LockedJob, valid: int) -> str:
    if valid == 0:
        return f"No images were found for “{job.name}”."
    if valid < job.quota:
        return f"{valid} images for “{job.name}”: the sources have no more."
    if valid < job.max_images:
        return f"{valid} images for “{job.name}”: the credits allowed no more."
    return f"{valid} images for “{job.name}”."
