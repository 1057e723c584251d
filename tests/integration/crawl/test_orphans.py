"""Blobs without a row go, except while the job runs: then a row may be about to come."""

import asyncio

import pytest

from shared.crawl.orphans import delete_orphans
from shared.jobs import service as jobs
from shared.jobs.schemas import JobOut
from shared.platform.data.blob import BlobStore
from shared.platform.data.db import Database
from shared.platform.http.auth.principal import Principal
from tests.integration.conftest import MakeJob


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
        make_job: MakeJob,
        blobs: BlobStore,
    ) -> None:
        job = await make_job(start=True)
        name = await put(blobs, job, "a" * 64)
        async with database.transaction() as transaction:
            await jobs.stop_job(transaction, owner, job.id)
            await jobs.retry_job(transaction, owner, job.id)
        assert await delete_orphans(database, blobs, job.id, [name]) == 0
        assert await stored(blobs, job) == {name}
        async with database.transaction() as transaction:
            await jobs.stop_job(transaction, owner, job.id)
        assert await delete_orphans(database, blobs, job.id, [name]) == 1
        assert await stored(blobs, job) == set()

    async def test_locks_no_row_but_a_retry_waits(
        self,
        database: Database,
        owner: Principal,
        make_job: MakeJob,
        blobs: BlobStore,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        job = await make_job(start=True)
        async with database.transaction() as transaction:
            await jobs.stop_job(transaction, owner, job.id)
        deleting, deleted = asyncio.Event(), asyncio.Event()

        async def delete(*_: object) -> None:
            deleting.set()
            await deleted.wait()

        async def retry() -> None:
            async with database.transaction() as transaction:
                await jobs.retry_job(transaction, owner, job.id)

        monkeypatch.setattr(blobs, "delete", delete)
        sweep = asyncio.create_task(delete_orphans(database, blobs, job.id, [f"jobs/{job.id}/a"]))
        await deleting.wait()
        async with database.transaction() as transaction:
            await transaction.connection.execute("SELECT FROM crawl_jobs FOR UPDATE NOWAIT")
        retried = asyncio.create_task(retry())
        await asyncio.sleep(0.3)
        assert not retried.done()
        deleted.set()
        await asyncio.gather(sweep, retried)
