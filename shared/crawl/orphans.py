"""Blobs that no row refers to: what cancelled, repeated and killed chunks leave behind."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from shared.crawl import job_repo, settle_repo
from shared.platform.data.blob import BlobStore
from shared.platform.data.db import Database


async def delete_orphans(
    database: Database, blobs: BlobStore, job_id: int, names: Sequence[str]
) -> int:
    """Deletes those of the job's blobs that no row refers to; how many.

    Not while the job runs: a chunk may be about to give them a row, and the job's end looks
    again. A retry waits for the end, so that it stores nothing that is being deleted; no row is
    locked. The names are of one kind: an image and its thumbnail are called by the same hash.
    """
    by_hash = {PurePosixPath(name).stem: name for name in names}
    async with database.transaction() as transaction:
        await job_repo.wait_for_sweep(transaction, job_id)
        if await job_repo.is_running(transaction, job_id):
            return 0
        known = await settle_repo.known_hashes(transaction, job_id, list(by_hash))
        orphans = [name for sha256, name in by_hash.items() if sha256 not in known]
        await blobs.delete(orphans)
    return len(orphans)
