"""A chunk that runs out of time: what its hosts are to blame for, and what waits for another."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from shared.crawl.process import ChunkProcessor
from shared.jobs.schemas import JobOut
from shared.platform.blob import BlobStore
from shared.platform.db import Database
from shared.platform.settings import Settings
from tests.fakes.raw_http import LIMITS, Handler, answer, opened, serving
from tests.integration.conftest import MakeJob, rows
from tests.integration.crawl.test_settle_chunk import advance_and_claim, cut

SLOW = replace(LIMITS, per_host=1, total_seconds=60, idle_seconds=60)
Processing = Callable[[Handler], contextlib.AbstractAsyncContextManager[ChunkProcessor]]


@pytest.fixture
def processing(database: Database, settings: Settings) -> Processing:
    """A processor whose chunks have a second, and whose one host answers as the handler says."""

    @contextlib.asynccontextmanager
    async def process(handler: Handler) -> AsyncIterator[ChunkProcessor]:
        blobs = BlobStore(settings)
        async with serving(handler) as server, opened(SLOW, allow=server.host) as http:
            await _point_to(database, server.host)
            yield ChunkProcessor(database, blobs, http, deadline_seconds=1)
        await blobs.close()

    return process


async def _point_to(database: Database, host: str) -> None:
    async with database.transaction() as transaction:
        await transaction.connection.execute(
            "UPDATE crawl_candidates SET url = replace(url, 'https://images.example', %(host)s)",
            {"host": f"http://{host}"},
        )


async def outcomes(database: Database, job: JobOut) -> Counter[str | None]:
    found = await rows(
        database,
        "SELECT CASE WHEN chunk_id IS NULL THEN 'waiting' ELSE outcome END AS outcome"
        " FROM crawl_candidates WHERE job_id = %(job_id)s",
        job_id=job.id,
    )
    return Counter(row["outcome"] for row in found)


class TestDeadline:
    async def test_who_waits_for_a_slow_host_waits_for_another_chunk(
        self, database: Database, make_job: MakeJob, processing: Processing
    ) -> None:
        job = await make_job(max_images=7, engines=["openverse"], start=True)
        (chunk,) = await cut(database, job, 10)

        async def slow(_: str, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(0.3)
            answer(writer, 404)

        async with processing(slow) as processor:
            assert await processor.process(chunk.id) == {"status": "completed", "stored": 0}
            first = await outcomes(database, job)
            assert 1 <= first["http_404"] <= 4
            assert first == {"http_404": first["http_404"], "waiting": 10 - first["http_404"]}
            while chunks := await advance_and_claim(database, job):
                for chunk in chunks:
                    await processor.process(chunk.id)
        assert await outcomes(database, job) == {"http_404": 10}

    async def test_who_waits_for_a_host_that_answers_nobody_has_lost(
        self, database: Database, make_job: MakeJob, processing: Processing
    ) -> None:
        job = await make_job(max_images=7, engines=["openverse"], start=True)
        (chunk,) = await cut(database, job, 10)

        async def hung(_: str, __: asyncio.StreamWriter) -> None:
            await asyncio.sleep(60)

        async with processing(hung) as processor:
            assert await processor.process(chunk.id) == {"status": "failed", "stored": 0}
        assert await outcomes(database, job) == {"timeout": 10}
