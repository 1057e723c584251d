"""A job keeps out what resembles a dataset of its owner's."""

from dataclasses import replace
from typing import Any, cast

import pytest

from shared.crawl import exclusion_repo
from shared.crawl.model import Examined, ImageFacts
from shared.datasets import service as datasets
from shared.datasets import versions
from shared.datasets.schemas import VersionCreate
from shared.jobs import finish, reports
from shared.jobs import service as jobs
from shared.jobs.schemas import JobOut
from shared.platform.data.db import Database, Transaction
from shared.platform.errors import Invalid
from shared.platform.http.auth.principal import Principal
from tests.integration.conftest import MakeJob, give_tier, make_user, rows
from tests.integration.crawl import chunks

KEPT = [0, 1, 2, 3]  # the pictures of the dataset that is kept out
ONE = ["openverse"]


@pytest.fixture
async def dataset(database: Database, owner: Principal, make_job: MakeJob) -> JobOut:
    """A dataset called “test set”."""
    return await crawled(database, await make_job(name="test set", start=True, engines=ONE), KEPT)


async def crawled(database: Database, job: JobOut, numbers: list[int]) -> JobOut:
    """The job, completed with these pictures."""
    for chunk in await chunks.cut(database, job, urls=len(numbers)):
        await chunks.settle(database, chunk, chunks.examine(chunk, numbers))
    async with database.transaction() as transaction:
        assert await finish.finish_job(transaction, job.id, 1) == "completed"
    return job


async def make_version(database: Database, owner: Principal, job: JobOut) -> int:
    async with database.transaction() as transaction:
        wanted = VersionCreate(include_duplicates=False)
        return (await versions.create_version(transaction, owner, job.id, wanted)).number


async def start(database: Database, owner: Principal, job: JobOut) -> JobOut:
    async with database.transaction() as transaction:
        return await jobs.start_job(transaction, owner, job.id, pin=datasets.pin_references)


async def pinned(database: Database, owner: Principal, *references: str) -> list[str]:
    async with database.transaction() as transaction:
        return await datasets.pin_references(transaction, owner, references)


def facts(number: int, flipped: int = 0) -> ImageFacts:
    """A picture; with bits of its hash ``flipped`` one with other bytes that resembles it."""
    same = chunks.picture(number, 1)
    if not flipped:
        return same
    phash = same.phash ^ (2**flipped - 1)
    return replace(same, sha256=f"{flipped:064}", phash=phash)


async def similar(
    database: Database, job: JobOut, references: list[str], *images: ImageFacts, bits: int = 4
) -> list[str | None]:
    async with database.transaction() as transaction:
        found = await exclusion_repo.find_similar(
            transaction, job.id, references, images, bits=bits
        )
    return [found.get(image.sha256) for image in images]


class TestPin:
    async def test_names_become_ids_and_the_latest_version_its_number(
        self, database: Database, owner: Principal, dataset: JobOut
    ) -> None:
        await make_version(database, owner, dataset)
        one = f"{dataset.id}@1"
        assert await pinned(
            database, owner, "test set", str(dataset.id), "test set@latest", one, "test set@1"
        ) == [str(dataset.id), one]

    @pytest.mark.parametrize("missing", ["none", "9", "test set@1", "test set@latest", "@1", "@"])
    async def test_what_is_not_there_is_named(
        self, database: Database, owner: Principal, dataset: JobOut, missing: str
    ) -> None:
        with pytest.raises(Invalid, match="no such dataset or version") as refused:
            await pinned(database, owner, "test set", missing)
        (error,) = refused.value.errors
        assert error["msg"].endswith(f": {missing}")

    async def test_anothers_is_not_there(self, database: Database, dataset: JobOut) -> None:
        stranger = await make_user(database)
        said = set()
        for reference in (str(dataset.id), "77"):
            with pytest.raises(Invalid) as refused:
                await pinned(database, stranger, reference)
            said.add(str(refused.value.detail).replace(reference, "…"))
        assert len(said) == 1

    async def test_a_start_settles_what_is_meant(
        self, database: Database, owner: Principal, make_job: MakeJob, dataset: JobOut
    ) -> None:
        await make_version(database, owner, dataset)
        job = await make_job(filters={"exclude_similar_to": ["test set@latest"], "min_width": 7})
        assert job.filters.exclude_similar_to == ("test set@latest",)
        running = await start(database, owner, job)
        assert running.filters.exclude_similar_to == (f"{dataset.id}@1",)
        assert running.filters.min_width == 7

    async def test_a_start_that_cannot_changes_nothing(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job(filters={"exclude_similar_to": ["none"]})
        with pytest.raises(Invalid, match="version: none"):
            await start(database, owner, job)
        with pytest.raises(Invalid, match="no dataset “none”"):  # who knows of no datasets
            async with database.transaction() as transaction:
                await jobs.start_job(transaction, owner, job.id)
        async with database.transaction() as transaction:
            assert (await jobs.get_job(transaction, owner, job.id)).status == "pending"
        assert await rows(database, "SELECT FROM credit_holds") == []


class TestLookup:
    @pytest.mark.parametrize("bits", range(9))
    async def test_finds_what_differs_in_so_many_bits_and_no_more(
        self, database: Database, make_job: MakeJob, dataset: JobOut, bits: int
    ) -> None:
        job, of = await make_job(), str(dataset.id)
        images = [facts(0), facts(1, bits), facts(2, bits + 1), facts(9)]
        assert await similar(database, job, [of], *images, bits=bits) == [of, of, None, None]

    async def test_what_was_dropped_or_is_in_no_such_version_does_not_count(
        self, database: Database, owner: Principal, make_job: MakeJob, dataset: JobOut
    ) -> None:
        await make_version(database, owner, dataset)
        drop = "UPDATE images SET decision = 'drop' WHERE hash = %(hash)s RETURNING id"
        await rows(database, drop, hash=facts(1).sha256)
        await make_version(database, owner, dataset)
        job, images = await make_job(), (facts(0, 2), facts(1, 3), facts(1))
        whole, first, second = str(dataset.id), f"{dataset.id}@1", f"{dataset.id}@2"
        assert await similar(database, job, [whole], *images) == [whole, None, None]
        assert await similar(database, job, [first], *images) == [first] * 3
        assert await similar(database, job, [second], *images) == [second, None, None]
        assert await similar(database, job, [f"{dataset.id}@3"], *images) == [None] * 3
        assert await similar(database, job, [second, first], *images) == [first] * 3

    async def test_of_somebody_elses_nothing_is_found(
        self, database: Database, make_job: MakeJob, dataset: JobOut
    ) -> None:
        theirs = await make_job(of=await make_user(database))
        assert await similar(database, theirs, [str(dataset.id)], facts(0)) == [None]

    async def test_a_dataset_that_was_deleted_keeps_nothing_out(
        self, database: Database, make_job: MakeJob, dataset: JobOut
    ) -> None:
        job = await make_job()
        await rows(database, "DELETE FROM crawl_jobs WHERE id = %(id)s RETURNING id", id=dataset.id)
        assert await similar(database, job, [str(dataset.id)], facts(0)) == [None]

    async def test_goes_by_the_indexes_whatever_the_size(
        self, database: Database, owner: Principal, make_job: MakeJob, dataset: JobOut
    ) -> None:
        await make_version(database, owner, dataset)
        job = await make_job()
        plan = await explain(database, job, [f"{dataset.id}@1"])
        for third in range(3):
            assert f"images_phash_third_{third}_idx" in plan
        assert "dataset_version_images_image_id_idx" in plan
        assert "hashed SubPlan" not in plan  # which would read the versions of everybody


async def explain(database: Database, job: JobOut, references: list[str]) -> str:
    """How PostgreSQL would look up a picture, if reading whole tables were dear."""
    plan: list[str] = []

    class Explaining:
        def __init__(self, transaction: Transaction) -> None:
            self.connection, self._execute = self, transaction.connection.execute

        async def execute(self, query: str, values: dict[str, Any]) -> Any:
            cursor = await self._execute(cast("Any", f"EXPLAIN {query}"), values)
            plan.extend(row["QUERY PLAN"] for row in await cursor.fetchall())
            return self

        async def fetchall(self) -> list[Any]:
            return []

    async with database.transaction() as transaction:
        await transaction.connection.execute("SET LOCAL enable_seqscan = off")
        await exclusion_repo.find_similar(
            cast("Transaction", Explaining(transaction)), job.id, references, [facts(0)], bits=4
        )
    return "\n".join(plan)


class TestCrawl:
    async def test_what_resembles_it_is_not_stored_and_the_reason_told(
        self, database: Database, owner: Principal, make_job: MakeJob, dataset: JobOut
    ) -> None:
        job = await make_job(filters={"exclude_similar_to": ["test set"]}, engines=ONE)
        await start(database, owner, job)
        images = [facts(0), facts(1, 3), facts(8), facts(9)]
        for chunk in await chunks.cut(database, job, urls=4):
            examined = [
                Examined(candidate.id, image=image)
                for candidate, image in zip(chunk.candidates, images, strict=True)
            ]
            await chunks.settle(database, chunk, examined)
        stored = await rows(
            database, "SELECT hash FROM images WHERE crawl_job_id = %(id)s", id=job.id
        )
        assert {row["hash"] for row in stored} == {facts(8).sha256, facts(9).sha256}
        async with database.transaction() as transaction:
            stats = await reports.get_stats(transaction, owner, job.id)
        assert stats.outcomes == {"stored": 2, "excluded_similar": 2}
        (event,) = await rows(
            database,
            "SELECT data FROM job_events WHERE event = 'chunk.completed' AND job_id = %(id)s",
            id=job.id,
        )
        assert [entry["detail"] for entry in event["data"]["rejected"]] == [
            f"dataset {dataset.id}"
        ] * 2

    async def test_a_job_that_excludes_nothing_takes_them(
        self, database: Database, owner: Principal, make_job: MakeJob, dataset: JobOut
    ) -> None:
        await give_tier(database, owner, "pro")
        job = await crawled(database, await make_job(start=True, engines=ONE), KEPT)
        async with database.transaction() as transaction:
            stats = await reports.get_stats(transaction, owner, job.id)
        assert stats.outcomes == {"stored": len(KEPT)}

    async def test_a_retry_keeps_to_what_was_meant_at_the_start(
        self, database: Database, owner: Principal, make_job: MakeJob, dataset: JobOut
    ) -> None:
        job = await make_job(filters={"exclude_similar_to": ["test set"]}, engines=ONE)
        await start(database, owner, job)
        newer = await make_job(name="test set")
        await rows(
            database,
            "UPDATE crawl_jobs SET valid_images = 1 WHERE id = %(id)s RETURNING id", id=newer.id,
        )  # fmt: skip
        async with database.transaction() as transaction:
            await jobs.stop_job(transaction, owner, job.id)
            again = await jobs.retry_job(transaction, owner, job.id)
        assert again.filters.exclude_similar_to == (str(dataset.id),)
        assert await pinned(database, owner, "test set") == [str(newer.id)]
