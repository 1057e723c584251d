"""Reviews of images: what people say of one or of many, and what of it a crawl changes."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from shared.activity import service as activity
from shared.activity.schemas import ActivityQuery
from shared.images import review
from shared.images import service as images
from shared.images.schemas import ImageOut, ImageQuery, ImageReview, ImageReviews
from shared.jobs.schemas import JobOut
from shared.platform.data.db import Database
from shared.platform.errors import Invalid, NotFound
from shared.platform.http.auth.principal import Principal
from tests.integration.conftest import MakeJob, make_user, rows
from tests.integration.crawl.chunks import picture
from tests.integration.images.reviewing import crawl, finish_job, ids


@pytest.fixture
async def job(database: Database, make_job: MakeJob) -> JobOut:
    """A completed job: images of a dog, a cat and an oak, the first two mammals."""
    keywords = ["dog", "cat", "oak"]
    made = await make_job(
        keywords=keywords, categories={"mammal": ["dog", "cat"]}, engines=["openverse"], start=True
    )
    await crawl(database, made, {"dog": [1], "cat": [2], "oak": [3]})
    await finish_job(database, made)
    return made


async def say(database: Database, who: Principal, image_id: int, **said: object) -> ImageOut:
    async with database.transaction(who.user_id) as transaction:
        return await review.review_image(
            transaction, who, image_id, ImageReview.model_validate(said)
        )


async def say_of(
    database: Database, who: Principal, job: JobOut, image_ids: list[int], **said: object
) -> int:
    reviews = ImageReviews.model_validate({"image_ids": image_ids, **said})
    async with database.transaction(who.user_id) as transaction:
        return (await review.review_images(transaction, who, job.id, reviews)).updated


async def listed(
    database: Database, who: Principal, job: JobOut, **query: object
) -> dict[str, Any]:
    """The labels of the images that are listed, by keyword."""
    async with database.transaction() as transaction:
        page = await images.list_images(transaction, who, job.id, ImageQuery.model_validate(query))
    return {str(image.keyword): image.label for image in page.data}


async def states(database: Database) -> list[tuple[Any, ...]]:
    query = "SELECT reviewed_label, decision, labels FROM images ORDER BY id"
    return [tuple(row.values()) for row in await rows(database, query)]


async def activities(database: Database, who: Principal) -> list[Any]:
    query = ActivityQuery(action="image.reviewed")
    async with database.transaction() as transaction:
        return (await activity.list_activities(transaction, who, query)).data


def told(refusal: pytest.ExceptionInfo[Invalid]) -> tuple[list[str], str]:
    """The field that was wrong, and why."""
    (error,) = refusal.value.errors
    return error["loc"], error["msg"]


class TestLabels:
    async def test_are_the_categories_and_the_keywords_in_none(
        self, database: Database, owner: Principal, job: JobOut
    ) -> None:
        assert await listed(database, owner, job) == {
            "dog": "mammal",
            "cat": "mammal",
            "oak": "oak",
        }

    async def test_are_listed_alone(
        self, database: Database, owner: Principal, job: JobOut
    ) -> None:
        assert await listed(database, owner, job, label="mammal", keyword="cat") == {
            "cat": "mammal"
        }
        assert await listed(database, owner, job, label="oak") == {"oak": "oak"}
        assert await listed(database, owner, job, label="dog") == {}

    async def test_come_with_what_the_source_calls_the_picture(
        self, database: Database, owner: Principal, job: JobOut
    ) -> None:
        (first, *_) = await ids(database, job)
        async with database.transaction() as transaction:
            image = await images.get_image(transaction, owner, first)
        assert (image.caption, image.caption_source) == ("dog 0", "openverse")
        assert (image.label, image.labels) == ("mammal", ["mammal"])
        assert (image.decision, image.reviewed_at) == (None, None)

    async def test_of_an_image_that_has_none_is_its_keyword(
        self, database: Database, owner: Principal, job: JobOut
    ) -> None:
        await rows(database, "UPDATE images SET labels = NULL, metadata = NULL RETURNING id")
        assert await listed(database, owner, job, label="cat") == {"cat": "cat"}
        async with database.transaction() as transaction:
            page = await images.list_images(transaction, owner, job.id, ImageQuery())
        assert [image.labels for image in page.data] == [["oak"], ["cat"], ["dog"]]
        assert {image.caption_source for image in page.data} == {None}


class TestOne:
    async def test_is_what_a_person_says(
        self, database: Database, owner: Principal, job: JobOut
    ) -> None:
        (first, *_) = await ids(database, job)
        image = await say(database, owner, first, label=" wolf ", decision="keep")
        assert (image.label, image.labels, image.decision) == ("wolf", ["wolf"], "keep")
        assert image.keyword == "dog"
        assert image.reviewed_at is not None
        (row,) = await activities(database, owner)
        assert (row.resource_type, row.resource_id) == ("image", str(first))
        assert row.metadata == {"job_id": job.id, "label": "wolf", "decision": "keep"}

    async def test_what_is_not_said_stays(
        self, database: Database, owner: Principal, job: JobOut
    ) -> None:
        (first, *_) = await ids(database, job)
        await say(database, owner, first, label="wolf")
        image = await say(database, owner, first, decision="unsure")
        assert (image.label, image.decision) == ("wolf", "unsure")
        image = await say(database, owner, first, label="fox")
        assert (image.label, image.decision) == ("fox", "unsure")

    async def test_null_takes_it_back(
        self, database: Database, owner: Principal, job: JobOut
    ) -> None:
        (first, *_) = await ids(database, job)
        await say(database, owner, first, label="wolf", decision="drop")
        image = await say(database, owner, first, label=None)
        assert (image.label, image.labels, image.decision) == ("mammal", ["mammal"], "drop")
        assert image.reviewed_at is not None
        image = await say(database, owner, first, decision=None)
        assert (image.decision, image.reviewed_at) == (None, None)

    async def test_twice_at_once_is_the_same(
        self, database: Database, owner: Principal, job: JobOut
    ) -> None:
        (first, *_) = await ids(database, job)
        said = await asyncio.gather(
            *(say(database, owner, first, label="wolf", decision="keep") for _ in range(5))
        )
        assert {(image.label, image.decision) for image in said} == {("wolf", "keep")}
        assert (await states(database))[0] == ("wolf", "keep", ["wolf"])

    @pytest.mark.parametrize("label", ["OAK", "Mammal", "o\u0061K"])
    async def test_a_label_of_the_job_is_spelt_as_it_is(
        self, database: Database, owner: Principal, job: JobOut, label: str
    ) -> None:
        (first, *_) = await ids(database, job)
        with pytest.raises(Invalid) as refusal:
            await say(database, owner, first, label=label)
        assert told(refusal) == (["body", "label"], f"the job calls it: {label.lower()}")
        assert (await say(database, owner, first, label=label.lower())).label == label.lower()

    async def test_anothers_image_does_not_exist(self, database: Database, job: JobOut) -> None:
        (first, *_) = await ids(database, job)
        stranger = await make_user(database)
        for image_id in (first, 2_000_000_000):
            with pytest.raises(NotFound, match="You have no such image"):
                await say(database, stranger, image_id, decision="drop")
        assert {decision for _, decision, _ in await states(database)} == {None}


class TestMany:
    async def test_are_what_a_person_says(
        self, database: Database, owner: Principal, job: JobOut
    ) -> None:
        first, second, third = await ids(database, job)
        assert await say_of(database, owner, job, [second, first, first], label="pet") == 2
        assert await listed(database, owner, job) == {"dog": "pet", "cat": "pet", "oak": "oak"}
        assert await say_of(database, owner, job, [first, second, third], decision="drop") == 3
        assert await say_of(database, owner, job, [second], decision="keep", label=None) == 1
        assert await listed(database, owner, job, decision="drop") == {"dog": "pet", "oak": "oak"}
        assert await listed(database, owner, job, decision="keep") == {"cat": "mammal"}
        last, *_ = found = await activities(database, owner)
        assert len(found) == 3
        assert (last.resource_type, last.resource_id) == ("job", str(job.id))
        assert last.metadata == {"images": 1, "decision": "keep", "label": None}

    async def test_again_is_the_same(
        self, database: Database, owner: Principal, job: JobOut
    ) -> None:
        chosen = await ids(database, job)
        for _ in range(2):
            assert await say_of(database, owner, job, chosen, label="pet", decision="keep") == 3
            assert set(map(str, await states(database))) == {"('pet', 'keep', ['pet'])"}

    async def test_all_or_none(
        self, database: Database, owner: Principal, job: JobOut, make_job: MakeJob
    ) -> None:
        first, *_ = await ids(database, job)
        other = await make_job(start=True, engines=["openverse"])
        await crawl(database, other, {"cat": [7]})
        (foreign,) = await ids(database, other)
        with pytest.raises(Invalid) as refusal:
            await say_of(database, owner, job, [first, foreign, 1_999_999_999], decision="drop")
        expected = f"no images of the job: {foreign}, 1999999999"
        assert told(refusal) == (["body", "image_ids"], expected)
        assert {decision for _, decision, _ in await states(database)} == {None}
        assert await activities(database, owner) == []

    async def test_a_label_of_the_job_is_spelt_as_it_is(
        self, database: Database, owner: Principal, job: JobOut
    ) -> None:
        with pytest.raises(Invalid) as refusal:
            await say_of(database, owner, job, await ids(database, job), label="MAMMAL")
        assert told(refusal) == (["body", "label"], "the job calls it: mammal")

    async def test_anothers_job_does_not_exist(self, database: Database, job: JobOut) -> None:
        stranger = await make_user(database)
        with pytest.raises(NotFound, match="You have no such job"):
            await say_of(database, stranger, job, await ids(database, job), decision="drop")


class TestInput:
    @pytest.mark.parametrize(
        "said",
        [
            {},
            {"decision": "maybe"},
            {"label": ""},
            {"label": "a\nb"},
            {"label": "x" * 101},
            {"label": "a", "keyword": "b"},
        ],
    )
    def test_what_is_no_review_is_refused(self, said: dict[str, object]) -> None:
        for model, more in ((ImageReview, {}), (ImageReviews, {"image_ids": [1]})):
            with pytest.raises(ValueError, match="validation error"):
                model.model_validate(said | more)

    @pytest.mark.parametrize("image_ids", [None, [], [0], [2**31], list(range(1, 1002))])
    def test_a_batch_has_up_to_a_thousand_images(self, image_ids: object) -> None:
        with pytest.raises(ValueError, match="image_ids"):
            ImageReviews.model_validate({"image_ids": image_ids, "decision": "keep"})
        assert ImageReviews(image_ids=list(range(1, 1001)), decision="keep").changes()


class TestWhileTheJobRuns:
    """What was said stays, whatever comes to light about an image."""

    async def test_a_better_picture_makes_a_reviewed_one_its_duplicate(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job(keywords=["dog", "cat"], engines=["openverse"], start=True)
        await crawl(database, job, {"dog": [1]})
        (first,) = await ids(database, job)
        await say(database, owner, first, label="wolf", decision="keep")
        larger = replace(picture(1, job.id, side=200), sha256="f" * 64, blob_name="f")
        await crawl(database, job, {"cat": [larger]})
        async with database.transaction() as transaction:
            image = await images.get_image(transaction, owner, first)
        assert image.is_duplicate
        assert (image.label, image.decision) == ("wolf", "keep")

    @pytest.mark.parametrize("label", ["wolf", "cat", None])
    async def test_an_image_that_another_keyword_gets_keeps_the_label_it_was_given(
        self, database: Database, owner: Principal, make_job: MakeJob, label: str | None
    ) -> None:
        job = await make_job(keywords=["dog", "cat"], engines=["openverse"], start=True)
        await crawl(database, job, {"cat": [9, 1]})
        _, second = await ids(database, job)
        if label:
            await say(database, owner, second, label=label)
        await crawl(database, job, {"dog": [1]})  # stands earlier there
        async with database.transaction() as transaction:
            image = await images.get_image(transaction, owner, second)
        assert image.keyword == "dog"
        assert image.label == (label or "dog")
        image = await say(database, owner, second, label=None, decision="keep")
        assert image.label == "dog"
