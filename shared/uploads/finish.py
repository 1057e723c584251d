"""The end of an upload: what its file holds can be used, or cannot."""

from typing import Final

from shared.activity import service as activity
from shared.platform.data import outbox
from shared.platform.data.db import Transaction
from shared.runs import service as runs
from shared.runs.model import Run
from shared.uploads import repo, rows_repo
from shared.uploads.run import reading_of

LABELS_KEPT: Final = 100


async def finish(
    transaction: Transaction, upload_id: int, attempt: int, *, failure: str | None = None
) -> str:
    """Ends a running attempt; the upload's status. A second call changes nothing."""
    run = reading_of(upload_id, attempt)
    upload = await repo.lock_upload(transaction, upload_id)
    if upload is None:
        await runs.end(transaction, run, "cancelled")
        return "deleted"
    if not upload.runs(attempt):
        return upload.status
    if failure is None and upload.rows == 0:
        failure = f"None of its {upload.records:,} rows can be used."
    if failure:
        await rows_repo.delete_rows(transaction, upload_id)
        await repo.fail(transaction, upload_id, failure)
    else:
        labels, count = await rows_repo.count_labels(transaction, upload_id, most=LABELS_KEPT)
        await repo.complete(transaction, upload_id, labels, count)
    await runs.end(transaction, run, "failed" if failure else "completed")
    await outbox.add(
        transaction,
        outbox.DeleteBlobs(prefixes=[f"uploads/{upload.key}/"])
        if failure
        else outbox.DeleteBlobs(names=[upload.blob_name]),
        key=f"upload:{upload_id}:read",
    )
    status = "failed" if failure else "completed"
    await activity.record(transaction, upload.user_id, f"upload.{status}", "upload", upload_id)
    return status


async def fail_run(transaction: Transaction, run: Run, reason: str) -> None:
    """Ends an upload that nothing comes of any more."""
    await finish(transaction, run.subject_id, run.attempt, failure=reason)
