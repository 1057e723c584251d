"""A chunk that runs out of time: what its hosts are to blame for, and what waits for another."""

import asyncio
import contextlib
import itertools
import os
import struct
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import replace
from threading import get_ident
from typing import cast
from uuid import UUID

import pytest
from PIL import ExifTags

from shared.app.composition import Services
from shared.app.settings import Settings
from shared.crawl import process
from shared.crawl.filters import JobFilters
from shared.crawl.model import Chunk, ChunkCandidate
from shared.crawl.process import ChunkProcessor, Examination
from shared.crawl.steps import ChunkResult
from shared.fetch.safe_http import FetchLimits
from shared.imaging.judge import Judged, Rejection, judge
from shared.jobs import service as jobs
from shared.platform.data.blob import BlobStore
from shared.platform.data.db import Database, Transaction
from shared.platform.http.auth.principal import Principal
from tests.fakes.raw_http import LIMITS, Names, answer, answering, opened, serving
from tests.integration.conftest import MakeJob, rows
from tests.integration.crawl.chunks import advance_and_claim, cut
from tests.integration.platform.test_blob_tiers import archive
from tests.scale import sized
from tests.unit.imaging.pictures import encoded, photo

MOST_SECONDS = 120
ONE_AT_A_TIME = replace(LIMITS, per_host=1)
CAT = encoded(photo("cat"))


@pytest.fixture
def judges() -> Iterator[Executor]:
    """As the app has them."""
    with Services(Settings.model_construct()).judges as threads:
        yield threads


async def hang(_: str, writer: asyncio.StreamWriter) -> None:
    """Nothing, not even a head."""


async def show(_: str, writer: asyncio.StreamWriter) -> None:
    answer(writer, body=CAT)


async def point_at(database: Database, chunk: Chunk, host: str) -> None:
    async with database.transaction() as transaction:
        await transaction.connection.execute(
            "UPDATE crawl_candidates SET url = %(url)s || id WHERE chunk_id = %(id)s",
            {"url": f"http://{host}/", "id": chunk.id},
        )


async def test_a_hung_server_costs_its_chunk_and_no_more(
    database: Database,
    blobs: BlobStore,
    judges: Executor,
    owner: Principal,
    settings: Settings,
    make_job: MakeJob,
) -> None:
    deadline = sized(3, settings.celery_task_time_limit)
    job = await make_job(max_images=20, start=True)
    hung, *others = await cut(database, job, 40)
    loop = asyncio.get_running_loop()
    async with serving(hang) as dead, serving(show) as alive:
        # Another host: one is asked for two files at a time, and waits for those that hang.
        other = f"alive.example:{alive.host.partition(':')[2]}"
        await point_at(database, hung, dead.host)
        for chunk in others:
            await point_at(database, chunk, other)
        allowed = (dead.host, alive.host, other)
        async with opened(FetchLimits(), allow=allowed, resolver=Names("127.0.0.1")) as http:
            processor = ChunkProcessor(database, blobs, http, judges, deadline)
            started = loop.time()
            results = await asyncio.gather(*(processor.process(c.id) for c in (hung, *others)))
            seconds = loop.time() - started
    assert seconds < deadline + MOST_SECONDS - settings.celery_task_time_limit
    assert results[0] == ChunkResult("failed", 0)
    assert {result.status for result in results[1:]} == {"completed"}
    outcomes = await rows(
        database,
        "SELECT DISTINCT outcome FROM crawl_candidates WHERE chunk_id = %(id)s",
        id=hung.id,
    )
    assert outcomes == [{"outcome": "timeout"}]
    assert len(await rows(database, "SELECT id FROM images WHERE NOT is_duplicate")) == 1
    async with database.transaction() as transaction:
        assert (await jobs.get_job(transaction, owner, job.id)).status == "running"


class LosesOneCancellation(Database):
    """Has the second who asks wait for a connection, which comes when the wait is cancelled.

    Up to Python 3.11 they never hear of the cancellation then, in psycopg's pool as in all that
    uses `asyncio.wait_for`: https://github.com/python/cpython/issues/81839.
    """

    asked = 0

    @asynccontextmanager
    async def transaction(self, caller: UUID | None = None) -> AsyncIterator[Transaction]:
        self.asked += 1
        if self.asked == 2:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
        async with super().transaction(caller) as transaction:
            yield transaction


async def test_a_chunk_ends_even_if_a_cancellation_is_lost(
    settings: Settings, database: Database, blobs: BlobStore, judges: Executor, make_job: MakeJob
) -> None:
    async def dawdle(_: str, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(process.STOP_POLL_SECONDS + 0.5)  # until the job is looked at
        answer(writer, 404)

    job = await make_job(max_images=7, engines=["openverse"], start=True)
    (chunk,) = await cut(database, job, 10)
    losing = LosesOneCancellation(settings)
    try:
        side_by_side = FetchLimits(per_host=10)
        async with serving(dawdle) as slow, opened(side_by_side, allow=slow.host) as http:
            await point_at(database, chunk, slow.host)
            processor = ChunkProcessor(losing, blobs, http, judges, 60)
            async with asyncio.timeout(30):
                result = await processor.process(chunk.id)
    finally:
        await losing.close()
    assert losing.asked == 3  # to take the chunk, to look at the job, to settle
    assert result == ChunkResult("completed", 0)


async def test_who_waits_for_a_slow_host_waits_for_another_chunk(
    database: Database, blobs: BlobStore, judges: Executor, make_job: MakeJob
) -> None:
    async def dawdle(_: str, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.3)
        answer(writer, 404)

    job = await make_job(max_images=7, engines=["openverse"], start=True)
    (chunk,) = await cut(database, job, 10)
    async with serving(dawdle) as slow, opened(ONE_AT_A_TIME, allow=slow.host) as http:
        await point_at(database, chunk, slow.host)
        processor = ChunkProcessor(database, blobs, http, judges, deadline_seconds=2)
        assert await processor.process(chunk.id) == ChunkResult("completed", 0)
        first = await outcomes(database)
        assert 1 <= first["http_404"] < 10
        assert first == {"http_404": first["http_404"], "waiting": 10 - first["http_404"]}
        while chunks := await advance_and_claim(database, job):
            for chunk in chunks:
                await processor.process(chunk.id)
    assert await outcomes(database) == {"http_404": 10}


async def test_each_chunk_brings_the_job_forward(
    database: Database, blobs: BlobStore, judges: Executor, make_job: MakeJob
) -> None:
    """Even where the host answers everybody, and nobody gets a file."""
    job = await make_job(max_images=7, engines=["openverse"], start=True)
    (chunk,) = await cut(database, job, 10)
    busy = answering((429, {"Retry-After": "1"}))
    async with serving(busy) as server, opened(ONE_AT_A_TIME, allow=server.host) as http:
        await point_at(database, chunk, server.host)
        processor = ChunkProcessor(database, blobs, http, judges, deadline_seconds=1.5)
        await processor.process(chunk.id)
        assert (await outcomes(database))["waiting"] < 10


@pytest.mark.parametrize(
    ("faults", "status", "outcome"), [(1, "completed", "too_small"), (10, "failed", None)]
)
async def test_a_fault_of_ours_ends_no_job_and_is_no_success(
    faults: int,
    status: str,
    outcome: str | None,
    database: Database,
    blobs: BlobStore,
    judges: Executor,
    make_job: MakeJob,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = itertools.count()

    def fail(*_: object) -> Rejection:
        if next(calls) < faults:
            raise ArithmeticError("our own fault")
        return Rejection("too_small", "not looked at")

    monkeypatch.setattr(process, "judge", fail)
    result = await process_pictures(database, blobs, judges, make_job)
    assert (result.status, result.stored) == (status, 0)
    others = {outcome: 10 - faults} if outcome else {}
    assert await outcomes(database) == {"internal_error": faults, **others}


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, about such metadata
@pytest.mark.parametrize(("kept", "size"), [(False, (600, 400)), (True, (400, 600))])
async def test_the_stored_bytes_are_judged(
    kept: bool, size: tuple[int, int], judges: Executor
) -> None:
    """Not those of before broken metadata, which may have turned the picture, was taken out."""
    turned = struct.pack(">HHII", ExifTags.Base.Orientation, 3, 1, 6 << 16)
    cut_off = b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 2) + turned
    stored = b""

    class Storage:
        async def put(self, _name: str, body: bytes, _kind: str) -> None:
            nonlocal stored
            stored = body

    async def send(_: str, writer: asyncio.StreamWriter) -> None:
        answer(writer, body=encoded(photo("cat").resize((600, 400)), exif=cut_off))

    async with serving(send) as server, opened(allow=server.host) as http:
        filters = JobFilters(keep_location=kept)
        examination = Examination(1, filters, cast(BlobStore, Storage()), http, judges)
        examined = await examination.examine(ChunkCandidate(1, f"http://{server.host}/"))
    assert examined.image is not None
    assert (examined.image.width, examined.image.height) == size
    judged = judge(stored)
    assert isinstance(judged, Judged)
    assert (judged.width, judged.height) == size


async def test_few_bodies_of_known_images_are_in_memory(judges: Executor) -> None:
    """The connection that a download counts as is given back before they are read."""
    now = most = 0

    class Slow:
        async def get(self, _: str) -> bytes:
            nonlocal now, most
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.01)
            now -= 1
            return b"no picture"

    async def unchanged(_: str, writer: asyncio.StreamWriter) -> None:
        answer(writer, 304)

    async with serving(unchanged) as server, opened(allow=server.host) as http:
        examination = Examination(1, JobFilters(), cast(BlobStore, Slow()), http, judges)
        known = [
            ChunkCandidate(n, f"http://{server.host}/{n}", n, 1, "openverse", None, "blob", '"1"')
            for n in range(20)
        ]
        examined = await asyncio.gather(*map(examination.examine, known))
    assert {one.outcome for one in examined} == {"wrong_type"}
    assert 1 < most <= 4


async def test_a_known_image_that_is_archived_is_downloaded_again(
    blobs: BlobStore, judges: Executor
) -> None:
    await blobs.put("known", CAT, "image/jpeg")
    await archive(blobs, ["known"])

    async def unless_known(_: str, writer: asyncio.StreamWriter) -> None:
        known = "if-none-match" in server.requests[-1].lower()
        answer(writer, 304) if known else answer(writer, body=CAT)

    async with serving(unless_known) as server, opened(allow=server.host) as http:
        examination = Examination(1, JobFilters(), blobs, http, judges)
        url = f"http://{server.host}/"
        known = ChunkCandidate(1, url, 1, 1, "openverse", None, "known", '"1"')
        examined = await examination.examine(known)
    assert len(server.requests) == 2
    assert examined.image is not None
    assert await blobs.get(examined.image.blob_name) == CAT


async def test_bytes_that_are_there_and_archived_need_not_be_written(
    blobs: BlobStore, judges: Executor
) -> None:
    async with serving(show) as server, opened(allow=server.host) as http:
        examination = Examination(1, JobFilters(), blobs, http, judges)
        candidate = ChunkCandidate(1, f"http://{server.host}/")
        first = await examination.examine(candidate)
        assert first.image is not None
        await archive(blobs, [first.image.blob_name])
        again = await examination.examine(candidate)
    assert again.image == first.image


async def test_no_more_pictures_are_decoded_at_once_than_there_are_cores(
    database: Database,
    blobs: BlobStore,
    judges: Executor,
    make_job: MakeJob,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each may take all the memory that one may take."""
    under_way: set[int] = set()
    most = 0

    def slowly(*_: object) -> Rejection:
        nonlocal most
        under_way.add(get_ident())
        most = max(most, len(under_way))
        time.sleep(0.1)
        under_way.discard(get_ident())
        return Rejection("too_small", "not looked at")

    monkeypatch.setattr(process, "judge", slowly)
    await process_pictures(database, blobs, judges, make_job)
    assert await outcomes(database) == {"too_small": 10}
    assert 1 <= most <= (os.cpu_count() or 1)


async def process_pictures(
    database: Database, blobs: BlobStore, judges: Executor, make_job: MakeJob
) -> ChunkResult:
    """What comes of a chunk whose ten candidates are pictures."""
    job = await make_job(max_images=7, engines=["openverse"], start=True)
    (chunk,) = await cut(database, job, 10)
    async with serving(show) as server, opened(LIMITS, allow=server.host) as http:
        await point_at(database, chunk, server.host)
        processor = ChunkProcessor(database, blobs, http, judges, deadline_seconds=60)
        return await processor.process(chunk.id)


async def outcomes(database: Database) -> Counter[str]:
    found = await rows(
        database,
        """
        SELECT CASE WHEN chunk_id IS NULL THEN 'waiting' ELSE outcome END AS outcome
        FROM crawl_candidates
        """,
    )
    return Counter(row["outcome"] for row in found)
