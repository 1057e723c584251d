"""Beginning and ending a job: what its orchestration does to the job itself."""

from typing import Any

from shared.activity import service as activity
from shared.crawl import ledger_repo
from shared.crawl import repo as crawl_repo
from shared.crawl.advance import begin, load_state
from shared.crawl.plan import failure_of
from shared.credits import service as credit_service
from shared.jobs import repo
from shared.notifications import service as notifications
from shared.notifications.schemas import NotificationMessage
from shared.platform.db import Transaction

SEVERITY = {"completed": "success", "failed": "error", "cancelled": "info"}


async def begin_job(transaction: Transaction, job_id: int, attempt: int) -> bool:
    """Prepares the searches of a running attempt; False when the job is over or moved on."""
    job = await repo.lock_job(transaction, job_id)
    if job is None or job["status"] != "running" or job["attempt"] != attempt:
        return False
    await begin(transaction, job_id, job)
    return True


async def finish_job(
    transaction: Transaction, job_id: int, attempt: int, *, failure: str | None = None
) -> str:
    """Ends a running attempt as completed or failed; the job's status. Twice is as once.

    It has failed for the ``failure`` given, or when its own figures say so.
    """
    job = await repo.lock_job(transaction, job_id)
    if job is None:
        return "deleted"
    if job["status"] != "running" or job["attempt"] != attempt:
        return str(job["status"])
    failure = failure or failure_of(await load_state(transaction, job_id, job))
    status = "failed" if failure else "completed"
    await end_job(transaction, job_id, job, status=status, failure=failure)
    return status


async def end_job(
    transaction: Transaction, job_id: int, job: dict[str, Any], *, status: str, failure: str | None
) -> None:
    """Settles credits, counters, log, trail and notification of a locked, running job."""
    await crawl_repo.cancel_chunks(transaction, job_id)
    await ledger_repo.recount_chunks(transaction, job_id)
    await ledger_repo.recount_job(transaction, job_id, at_most_every=0)
    valid, paid = await repo.count_valid(transaction, job_id)
    await credit_service.settle_hold(
        transaction, job_id=job_id, attempt=job["attempt"], used=max(valid - paid, 0)
    )
    await repo.mark_finished(transaction, job_id, status=status, failure=failure)
    message = failure or _summary(job["name"], valid, job["max_images"])
    level = "error" if status == "failed" else "info"
    await crawl_repo.add_event(
        transaction, job_id, level, f"job.{status}", message, valid_images=valid
    )
    await activity.record(
        transaction, job["user_id"], f"job.{status}", "job", job_id, valid_images=valid
    )
    await notifications.notify(
        transaction,
        NotificationMessage.model_validate(
            {
                "event_key": f"job:{job_id}:{job['attempt']}:{status}",
                "user_id": job["user_id"],
                "type": SEVERITY[status],
                "category": "crawl_jobs",
                "title": f"Job {status}: {job['name']}",
                "message": message,
                "action_url": f"/jobs/{job_id}",
            }
        ),
    )


def _summary(name: str, valid: int, wanted: int) -> str:
    if valid == 0:
        return f"No images were found for “{name}”."
    if valid < wanted:
        return f"{valid} images for “{name}”: the sources have no more."
    return f"{valid} images for “{name}”."
