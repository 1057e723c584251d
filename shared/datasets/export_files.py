"""The files of exports: where they are, how they are downloaded, when they go."""

from typing import Final

from shared.activity import service as activity
from shared.datasets import export_repo, part_repo
from shared.datasets.errors import ExportExpired, ExportNotReady, ExportRunning
from shared.datasets.export_repo import Export
from shared.jobs import service as jobs
from shared.platform.data import outbox
from shared.platform.data.blob import BlobStore
from shared.platform.data.db import Database, Transaction
from shared.platform.errors import NotFound
from shared.platform.http.auth.principal import Principal

PAPERS: Final = ("README.md", "LICENSES.md", "ATTRIBUTION.md", "report.json", "croissant.json",
                 "images.jsonl", "contact-sheet.webp", "SHA256SUMS", "wids.json")  # fmt: skip
MANIFEST: Final = "manifest.parquet"
STATS: Final = "_stats.json"  # what a shard's statistics are called after


async def download_url(
    database: Database,
    blobs: BlobStore,
    principal: Principal,
    export_id: int,
    file: str | None,
) -> str:
    """A URL that reads a file of the caller's export for 15 minutes.

    Raises:
        NotFound: the caller has no such export, or it no such file.
        ExportNotReady: it is being built, or could not be.
        ExportExpired: its files are gone.
        Unavailable: storage gives no key.
    """
    async with database.transaction(principal.user_id) as transaction:
        export = await find_own(transaction, principal, export_id)
    if export.status == "expired":
        raise ExportExpired("The export has expired: ask for it again.")
    if export.status != "completed":
        raise ExportNotReady(export.failure_reason or "The export is still being built.")
    names = [str(each["name"]) for each in export.files]
    main = [name for name in names if name not in PAPERS and not name.endswith(STATS)]
    wanted = file or (main[0] if len(main) == 1 else "")
    if wanted not in names:
        raise NotFound(f"Name one of the export's files: {', '.join(names[:20])}.")
    return await blobs.download_url(blob_name(export, wanted), filename=wanted)


async def delete_export(transaction: Transaction, principal: Principal, export_id: int) -> None:
    """Removes the caller's export; its files after the commit.

    One that waits for storage can be removed, too: that may take hours.

    Raises:
        NotFound: the caller has no such export.
        ExportRunning: it is still being built.
    """
    job_id = (await find_own(transaction, principal, export_id)).job_id
    await jobs.lock_own(transaction, principal, job_id)
    export = await export_repo.lock_export(transaction, export_id)
    if export is None:
        raise NotFound("You have no such export.")
    if export.status == "running" and not export.restoring:
        raise ExportRunning("The export is being built; wait until it is done.")
    await remove_files(transaction, export, "deleted")
    await export_repo.delete_export(transaction, export_id)
    await activity.record(transaction, principal.user_id, "export.deleted", "export", export_id)


async def expire_exports(transaction: Transaction, *, limit: int) -> int:
    """Removes the files of exports whose time is over; how many exports."""
    expired = await export_repo.lock_expired(transaction, limit=limit)
    for export_id in expired:
        for export in await export_repo.list_exports(transaction, export_id=export_id):
            await remove_files(transaction, export, "expired")
        await export_repo.expire(transaction, export_id)
    return len(expired)


async def remove_files(transaction: Transaction, export: Export, why: str) -> None:
    """Promises that the export's blobs go, also those of one that was not built to its end."""
    parts = await part_repo.list_parts(transaction, export.id)
    names = {part.file for part in parts if part.file}
    names |= {*PAPERS, MANIFEST, labels_name(export.options["labels"])}
    names |= {name.removesuffix(".tar") + STATS for name in names if name.endswith(".tar")}
    await outbox.add(
        transaction,
        outbox.DeleteBlobs(names=[blob_name(export, name) for name in sorted(names)]),
        key=f"export:{export.id}:{export.attempt}:{why}",
    )


def labels_name(kind: str) -> str:
    """What a file of labels alone is called."""
    return f"labels.{kind}"


def blob_name(export: Export, file: str) -> str:
    """Where a file of the export is stored."""
    return f"jobs/{export.job_id}/exports/{export.key}/{file}"


async def find_own(transaction: Transaction, principal: Principal, export_id: int) -> Export:
    """The caller's export.

    Raises:
        NotFound: there is none of that id, or it is somebody else's.
    """
    found = await export_repo.list_exports(
        transaction, user_id=principal.user_id, export_id=export_id
    )
    if not found:
        raise NotFound("You have no such export.")
    return found[0]
