"""Pictures of a job that have two labels."""

from dataclasses import replace

import pytest

from shared.crawl.model import ImageFacts
from shared.images import review, review_repo
from shared.images import service as images
from shared.images.schemas import ImageReview
from shared.jobs.schemas import JobOut
from shared.platform.data.db import Database
from shared.platform.errors import NotFound
from shared.platform.http.auth.principal import Principal
from shared.platform.http.pagination import PageQuery
from tests.integration.conftest import MakeJob, make_user
from tests.integration.crawl.chunks import picture
from tests.integration.images.reviewing import crawl, finish_job, ids

Conflict = tuple[int, str, str, int | None, str]


async def conflicts(
    database: Database, who: Principal, job: JobOut, *, limit: int = 100
) -> list[Conflict]:
    """All of them, in pages of ``limit``."""
    found: list[Conflict] = []
    cursor: str | None = None
    while True:
        async with database.transaction() as transaction:
            query = PageQuery(limit=limit, cursor=cursor)
            page = await review.list_conflicts(transaction, who, job.id, query)
        found += [(c.image_id, c.label, c.other_label, c.other_image_id, c.kind) for c in page.data]
        cursor = page.meta.next_cursor
        if cursor is None:
            return found


async def say(database: Database, who: Principal, image_id: int, label: str) -> None:
    async with database.transaction(who.user_id) as transaction:
        await review.review_image(transaction, who, image_id, ImageReview(label=label))


def enlarged(number: int, job: JobOut) -> ImageFacts:
    """The picture of that number in a larger file."""
    facts = picture(number, job.id, side=200)
    return replace(facts, sha256=f"{number:064}", blob_name=f"jobs/{job.id}/images/{number:064}")


@pytest.fixture
async def job(make_job: MakeJob) -> JobOut:
    """A running job: dogs and cats are mammals, oaks are oaks."""
    return await make_job(
        keywords=["dog", "cat", "oak", "ash"],
        categories={"mammal": ["dog", "cat"]},
        engines=["openverse"],
        max_images=40,
        start=True,
    )


async def test_equal_bytes_under_another_label(
    database: Database, owner: Principal, job: JobOut
) -> None:
    await crawl(database, job, {"dog": [1, 2], "oak": [5, 1, 1]})
    first, _, _ = await ids(database, job)
    assert await conflicts(database, owner, job) == [(first, "mammal", "oak", None, "exact")]


async def test_the_label_of_whoever_stands_later_is_the_other(
    database: Database, owner: Principal, job: JobOut
) -> None:
    await crawl(database, job, {"oak": [5, 1], "dog": [1]})
    _, second = await ids(database, job)
    assert await conflicts(database, owner, job) == [(second, "mammal", "oak", None, "exact")]


async def test_near_duplicates_under_another_label(
    database: Database, owner: Principal, job: JobOut
) -> None:
    await crawl(database, job, {"dog": [1], "oak": [enlarged(1, job)]})
    small, large = await ids(database, job)
    assert await conflicts(database, owner, job) == [(small, "mammal", "oak", large, "near")]


async def test_none_where_the_labels_are_the_same(
    database: Database, owner: Principal, job: JobOut
) -> None:
    await crawl(database, job, {"dog": [1, 1, 2], "cat": [1, enlarged(2, job)]})
    assert await conflicts(database, owner, job) == []


async def test_what_a_person_says_settles_it(
    database: Database, owner: Principal, job: JobOut
) -> None:
    await crawl(database, job, {"dog": [1, 2], "oak": [1, enlarged(2, job)]})
    first, small, _ = await ids(database, job)
    assert len(await conflicts(database, owner, job)) == 2
    await say(database, owner, first, "mammal")  # as the crawl did
    await say(database, owner, small, "oak")
    assert await conflicts(database, owner, job) == []
    await say(database, owner, small, "ash")
    assert [kind for *_, kind in await conflicts(database, owner, job)] == ["near"]


async def test_an_image_that_is_deleted_has_none(
    database: Database, owner: Principal, job: JobOut
) -> None:
    await crawl(database, job, {"dog": [1, 2], "oak": [1, enlarged(2, job)]})
    await finish_job(database, job)
    first, _, large = await ids(database, job)
    async with database.transaction() as transaction:
        await images.delete_image(transaction, owner, first)
        await images.delete_image(transaction, owner, large)
    assert await conflicts(database, owner, job) == []


async def test_pages_lose_and_repeat_none(
    database: Database, owner: Principal, job: JobOut
) -> None:
    same = [1, 2, 3]
    await crawl(
        database,
        job,
        {"dog": [*same, 4, 5], "oak": same, "ash": [*same, enlarged(4, job), enlarged(5, job)]},
    )
    every = await conflicts(database, owner, job)
    assert len(set(every)) == len(every) == 8
    assert [image_id for image_id, *_ in every] == sorted((i for i, *_ in every), reverse=True)
    for limit in (1, 3, 7):
        assert await conflicts(database, owner, job, limit=limit) == every


async def test_anothers_job_does_not_exist(
    database: Database, owner: Principal, job: JobOut
) -> None:
    await crawl(database, job, {"dog": [1, 2], "oak": [1, enlarged(2, job)]})
    stranger = await make_user(database)
    for job_of in (job, job.model_copy(update={"id": 2_000_000_000})):
        with pytest.raises(NotFound, match="You have no such job"):
            await conflicts(database, stranger, job_of)
    async with database.transaction() as transaction:
        assert not await review_repo.list_conflicts(
            transaction, stranger.user_id, job.id, below=2**63 - 1, limit=10
        )
