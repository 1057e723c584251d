"""Blobs without a row go, except while the job runs: then a row may be about to come."""

from collections.abc import AsyncIterator

import pytest

from shared.crawl.orphans import delete_orphans
from shared.jobs import service as jobs
from shared.jobs.schemas import JobOut
from shared.platform.blob import BlobStore
from shared.platform.db import Database
from shared.platform.principal import Principal
from shared.platform.settings import Settings
from tests.integration.conftest import MakeJob


@pytest.fixture
async def blobs(settings: Settings) -> AsyncIterator[BlobStore]:
    store = BlobStore(settings)
    yield store
    await store.close()


async def put(blobs: BlobStore, job: JobOut, sha256: str) -> str:
    name = f"jobs/{job.id}/images/{sha256}.png"
    await blobs.put(name, b"picture", "image/png")
    return name


async def stored(blobs: BlobStore, job: JobOut) -> set[str]:
    return {name async for name in blobs.names(f"jobs/{job.id}/")}


class TestDeleteOrphans:
    async def test_leaves_blobs_with_a_row(
        self, database: Database, make_job: MakeJob, blobs: BlobStore
    ) -> None:
        job = await make_job()
        names = [await put(blobs, job, "a" * 64), await put(blobs, job, "b" * 64)]
        async with database.transaction() as transaction:
            await transaction.connection.execute(
                """
                INSERT INTO images (crawl_job_id, original_url, filename, hash)
                VALUES (%(job_id)s, 'https://example.com', 'a.png', %(hash)s)
                """,
                {"job_id": job.id, "hash": "a" * 64},
            )
        assert await delete_orphans(database, blobs, job.id, names) == 1
        assert await stored(blobs, job) == {names[0]}

    async def test_touches_nothing_of_a_job_that_was_retried_meanwhile(
        self,
        database: Database,
        owner: Principal,
        settings: Settings,
        make_job: MakeJob,
        blobs: BlobStore,
    ) -> None:
        job = await make_job(start=True)
        name = await put(blobs, job, "a" * 64)
        async with database.transaction() as transaction:
            await jobs.stop_job(transaction, owner, job.id)
            await jobs.retry_job(transaction, owner, settings, job.id)
        assert await delete_orphans(database, blobs, job.id, [name]) == 0
        assert await stored(blobs, job) == {name}
        async with database.transaction() as transaction:
            await jobs.stop_job(transaction, owner, job.id)
        assert await delete_orphans(database, blobs, job.id, [name]) == 1
        assert await stored(blobs, job) == set()
