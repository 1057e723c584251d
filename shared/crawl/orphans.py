"""Blobs that no row refers to: what cancelled, repeated and killed chunks leave behind."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from shared.crawl import repo, settle_repo
from shared.platform.blob import BlobStore
from shared.platform.db import Database


async def delete_orphans(
    database: Database, blobs: BlobStore, job_id: int, names: Sequence[str]
) -> int:
    """Deletes those of the job's blobs that no row refers to; how many.

    Not while the job runs: a chunk may be about to give them a row, and the job's end looks
    again. Its row stays locked meanwhile, so that no retry stores what is being deleted. The
    names are of one kind: an image and its thumbnail are called by the same hash.
    """
    by_hash = {PurePosixPath(name).stem: name for name in names}
    async with database.transaction() as transaction:
        job = await repo.lock_job(transaction, job_id)
        if job and job["status"] == "running":
            return 0
        known = await settle_repo.known_hashes(transaction, job_id, list(by_hash))
        orphans = [name for sha256, name in by_hash.items() if sha256 not in known]
        await blobs.delete(orphans)
    return len(orphans)
