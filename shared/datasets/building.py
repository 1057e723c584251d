"""Building an export: what its orchestration does to its row. The parts are in `build_parts`."""

from typing import Any, Final

from shared.activity import service as activity
from shared.crawl import service as crawl
from shared.datasets import content_repo, export_files, export_repo, part_repo
from shared.datasets.export_repo import Export
from shared.datasets.run import build_of
from shared.exports.layout import Part, plan
from shared.exports.model import Options
from shared.notifications import service as notifications
from shared.notifications.schemas import NotificationMessage
from shared.platform.data.db import Transaction
from shared.runs import service as runs
from shared.runs.model import Run

KEPT_DAYS: Final = 7
AT_ONCE: Final = 8  # parts of one export
IMAGES, FILE_END, PAPERS = 0, 1, 2  # the stages


async def begin(transaction: Transaction, export_id: int, attempt: int) -> bool:
    """Plans the parts of a running attempt; False when the export is over or gone."""
    export = await export_repo.lock_export(transaction, export_id)
    if export is None or not runs_as(export, attempt):
        return False
    sizes = await content_repo.list_sizes(transaction, export.version_id)
    planned = plan(Options.from_json(export.options), sizes)
    parts = [(IMAGES, part) for part in planned]
    for file in dict.fromkeys(part.file for part in planned):
        of_file = [part for part in planned if part.file == file]
        parts.append((FILE_END, Part(file, of_file[0].first, of_file[-1].last)))
    images = sum(len(of_split.sizes) for of_split in sizes.values())
    parts.append((PAPERS, Part("", 0, images - 1)))
    await part_repo.insert_parts(transaction, export_id, parts)
    return True


async def list_due(transaction: Transaction, export_id: int, attempt: int) -> list[int] | None:
    """The parts to build now; none when all are built, or the export is over or gone.

    None while it waits for storage.
    """
    found = await export_repo.list_exports(transaction, export_id=export_id)
    if not found or not runs_as(found[0], attempt):
        return []
    if found[0].restoring:
        return None
    return await part_repo.list_due(transaction, export_id, limit=AT_ONCE)


async def finish(
    transaction: Transaction, export_id: int, attempt: int, *, failure: str | None = None
) -> str:
    """Ends a running attempt; the export's status. A second call changes nothing."""
    run = build_of(export_id, attempt)
    for found in await export_repo.list_exports(transaction, export_id=export_id):
        await crawl.lock_job(transaction, found.job_id)  # and with it its owner, before the export
    export = await export_repo.lock_export(transaction, export_id)
    if export is None:
        await runs.end(transaction, run, "cancelled")
        return "deleted"
    if not runs_as(export, attempt):
        return export.status
    if failure is None and export.parts_done < export.parts:
        failure = "Not all of it could be built."
    if failure:
        await export_files.remove_files(transaction, export, "failed")
        await export_repo.fail(transaction, export_id, failure)
    else:
        files = await _files(transaction, export_id)
        await export_repo.complete(transaction, export_id, files, days=KEPT_DAYS)
    status = "failed" if failure else "completed"
    await runs.end(transaction, run, "failed" if failure else "completed")
    await activity.record(transaction, export.user_id, f"export.{status}", "export", export_id)
    await notifications.notify(
        transaction,
        NotificationMessage.model_validate(
            {
                "event_key": f"export:{export_id}:{attempt}:{status}",
                "user_id": export.user_id,
                "type": "error" if failure else "success",
                "category": "datasets",
                "title": f"Export {status}",
                "message": failure or f"It can be downloaded for {KEPT_DAYS} days.",
                "action_url": f"/exports/{export_id}",
            }
        ),
    )
    return status


async def fail_run(transaction: Transaction, run: Run, reason: str) -> None:
    """Ends an export that nothing comes of any more."""
    await finish(transaction, run.subject_id, run.attempt, failure=reason)


def runs_as(export: Export, attempt: int) -> bool:
    """Whether this attempt at the export goes on."""
    return export.status == "running" and export.attempt == attempt


async def _files(transaction: Transaction, export_id: int) -> list[dict[str, Any]]:
    """Every file of the export, those with images first."""
    parts = await part_repo.list_parts(transaction, export_id)
    return [file for part in parts if part.result for file in part.result.get("files", [])]
