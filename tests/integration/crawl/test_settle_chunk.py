"""Chunks settled twice, at once, over the quota, and after a stop."""

import asyncio
import random

import pytest

from shared.crawl import ledger_repo, search_repo, settle_repo
from shared.crawl.advance import advance
from shared.crawl.model import Examined, ImageFacts
from shared.crawl.steps import ChunkResult
from shared.jobs import finish, reports
from shared.jobs import service as jobs
from shared.platform.data.db import Database
from shared.platform.http.auth.principal import Principal
from tests.integration.conftest import MakeJob, rows
from tests.integration.crawl.chunks import (
    LIMITS,
    advance_and_claim,
    cut,
    examine,
    picture,
    settle,
    state_of,
)


async def valid_images(database: Database, job_id: int) -> int:
    async with database.transaction() as transaction:
        cursor = await transaction.connection.execute(
            """
            SELECT count(*) FILTER (WHERE NOT is_duplicate) AS valid,
              count(DISTINCT hash) FILTER (WHERE NOT is_duplicate) AS hashes
            FROM images WHERE crawl_job_id = %(job_id)s
            """,
            {"job_id": job_id},
        )
        row = (await cursor.fetchall())[0]
    assert row["valid"] == row["hashes"]
    return int(row["valid"])


class TestSettleChunk:
    async def test_a_chunk_settled_again_changes_nothing(
        self, database: Database, make_job: MakeJob
    ) -> None:
        job = await make_job(max_images=20, start=True)
        (chunk, *_) = await cut(database, job, 10)
        first = await settle(database, chunk, examine(chunk, list(range(10))))
        again = await settle(database, chunk, examine(chunk, list(range(10))))
        assert first == ChunkResult("completed", 10)
        assert again == ChunkResult("cancelled")
        assert await valid_images(database, job.id) == 10

    async def test_chunks_at_once_keep_each_picture_once_and_the_quota(
        self, database: Database, make_job: MakeJob
    ) -> None:
        job = await make_job(max_images=50, start=True)
        chunks = await cut(database, job, 80)
        assert len(chunks) > 3
        await asyncio.gather(
            *(settle(database, chunk, examine(chunk, list(range(40)))) for chunk in chunks)
        )
        distinct = max(len(chunk.candidates) for chunk in chunks)
        assert await valid_images(database, job.id) == distinct

    async def test_never_one_image_over_the_quota(
        self, database: Database, make_job: MakeJob
    ) -> None:
        job = await make_job(max_images=25, start=True)
        chunks = await cut(database, job, 60)
        await asyncio.gather(
            *(
                settle(database, chunk, examine(chunk, list(range(100 * n, 100 * n + 50))))
                for n, chunk in enumerate(chunks)
            )
        )
        assert await valid_images(database, job.id) == 25

    async def test_after_a_stop_nothing_is_kept(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job(max_images=20, start=True)
        (chunk, *_) = await cut(database, job, 10)
        async with database.transaction() as transaction:
            await jobs.stop_job(transaction, owner, job.id)
        examined = examine(chunk, list(range(10)))
        assert await settle(database, chunk, examined) == ChunkResult("cancelled")
        assert await valid_images(database, job.id) == 0

    async def test_a_larger_near_duplicate_replaces_an_image_of_another_chunk(
        self, database: Database, make_job: MakeJob
    ) -> None:
        job = await make_job(max_images=30, start=True)
        first, second, *_ = await cut(database, job, 20)
        small = picture(1, job.id, side=50)
        large = ImageFacts(
            "f" * 64, small.phash ^ 1, "jpeg", 200, 200, 9000, f"jobs/{job.id}/images/f.jpeg"
        )
        await settle(database, first, [Examined(first.candidates[0].id, image=small)] + [
            Examined(c.id, "http_404") for c in first.candidates[1:]
        ])  # fmt: skip
        await settle(database, second, [Examined(second.candidates[0].id, image=large)] + [
            Examined(c.id, "http_404") for c in second.candidates[1:]
        ])  # fmt: skip
        assert await valid_images(database, job.id) == 1
        async with database.transaction() as transaction:
            assert (await state_of(transaction, job)).stored == 1


class TestProgress:
    async def test_the_row_says_when_it_was_written_not_when_the_transaction_began(
        self, database: Database, make_job: MakeJob
    ) -> None:
        job = await make_job(start=True)
        async with database.transaction() as waiting:
            async with database.transaction() as first:
                await ledger_repo.recount_job(first, job.id, at_most_every=0)
            (before,) = await rows(database, "SELECT updated_at FROM crawl_jobs")
            await ledger_repo.recount_job(waiting, job.id, at_most_every=0)
        (after,) = await rows(database, "SELECT updated_at FROM crawl_jobs")
        assert after["updated_at"] > before["updated_at"]


class TestFindNear:
    @pytest.mark.parametrize("bits", range(9))
    async def test_finds_what_differs_in_so_many_bits_and_nothing_else(
        self, database: Database, make_job: MakeJob, bits: int
    ) -> None:
        chance = random.Random(bits)
        job = await make_job(max_images=100, start=True)
        chunks = await cut(database, job, 80)
        for chunk in chunks:
            numbers = [candidate.id for candidate in chunk.candidates]
            await settle(database, chunk, examine(chunk, numbers))
        stored = {
            picture(candidate.id, job.id).phash: candidate.id
            for chunk in chunks
            for candidate in chunk.candidates
        }
        near = [(_flipped(phash, bits, chance), number) for phash, number in stored.items()]
        far = [_flipped(phash, bits + 1, chance) for phash in stored]
        async with database.transaction() as transaction:
            found = await settle_repo.find_near(
                transaction, job.id, [phash for phash, _ in near], bits=bits
            )
            none = await settle_repo.find_near(transaction, job.id, far, bits=bits)
        assert {image.candidate_id for image in found} == {number for _, number in near}
        assert none == []


def _flipped(phash: int, bits: int, chance: random.Random) -> int:
    """The signed hash with so many of its bits turned over."""
    flips = sum(1 << place for place in chance.sample(range(64), bits))
    return int.from_bytes((phash ^ flips & 2**64 - 1).to_bytes(9, signed=True)[1:], signed=True)


class TestCut:
    async def test_twice_gives_the_same_chunks(self, database: Database, make_job: MakeJob) -> None:
        job = await make_job(max_images=50, start=True)
        chunks = await cut(database, job, 60)
        assert await advance_and_claim(database, job) == chunks

    @pytest.mark.parametrize("max_images", [1, 7, 50])
    async def test_takes_no_more_than_the_quota_needs(
        self, database: Database, make_job: MakeJob, max_images: int
    ) -> None:
        job = await make_job(max_images=max_images, start=True)
        chunks = await cut(database, job, 500)
        assert max_images <= sum(len(chunk.candidates) for chunk in chunks) <= 2 * max_images


class TestRetry:
    async def test_does_not_wait_for_chunks_that_a_stop_left_undone(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job(max_images=50, start=True)
        chunks = await cut(database, job, 60)
        async with database.transaction() as transaction:
            await jobs.stop_job(transaction, owner, job.id)
            await jobs.retry_job(transaction, owner, job.id)
            state = await state_of(transaction, job)
        assert (state.open_chunks, state.keywords[0].waiting) == (0, 60)
        assert await settle(database, chunks[0], []) == ChunkResult("cancelled")

    async def test_asks_a_source_that_had_been_left_out_in_other_words_too(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job(
            start=True, engines=["openverse", "wikimedia"], filters={"expand": "auto"}
        )
        queries = []
        for attempt in (1, 2):
            async with database.transaction() as transaction:
                assert await finish.begin_job(transaction, job.id, attempt)
                if attempt == 1:
                    _, wikimedia = (await state_of(transaction, job)).keywords[0].open_searches
                    search = await search_repo.find_search(transaction, wikimedia)
                    assert search is not None
                    await search_repo.degrade(transaction, search, "status 503", only_this=False)
                await transaction.connection.execute("UPDATE crawl_searches SET exhausted = true")
                await advance(transaction, job.id, attempt, LIMITS)
                await jobs.stop_job(transaction, owner, job.id)
                await jobs.retry_job(transaction, owner, job.id)
            found = await rows(database, "SELECT FROM crawl_searches WHERE engine = 'wikimedia'")
            queries.append(len(found))
        assert queries == [1, 9]

    async def test_does_not_boast_of_the_speed_of_the_attempt_before(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job(max_images=50, start=True)
        for chunk in await cut(database, job, 20):
            await settle(database, chunk, examine(chunk, list(range(20))))
        async with database.transaction() as transaction:
            await ledger_repo.recount_job(transaction, job.id, at_most_every=0)
            first = await reports.get_progress(transaction, owner, job.id)
            await jobs.stop_job(transaction, owner, job.id)
            await jobs.retry_job(transaction, owner, job.id)
            second = await reports.get_progress(transaction, owner, job.id)
        assert first.rate_images_per_s
        assert second.valid_images == first.valid_images > 0
        assert (second.rate_images_per_s, second.eta_seconds) == (None, None)

    async def test_forgets_the_losses_of_the_attempt_before(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job(max_images=50, start=True)
        for chunk in await cut(database, job, 60):
            await settle(database, chunk, [Examined(c.id, "timeout") for c in chunk.candidates])
        async with database.transaction() as transaction:
            assert await finish.finish_job(transaction, job.id, 1) == "failed"
            await jobs.retry_job(transaction, owner, job.id)
            state = await state_of(transaction, job)
            assert (state.keywords[0].waiting, state.tried, state.lost) == (60, 0, 0)
            assert not (await advance(transaction, job.id, 2, LIMITS)).done
