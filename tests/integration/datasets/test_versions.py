"""Versions: made of what a job has stored, never changed, compared with each other."""

import random
from collections import Counter
from hashlib import sha256
from typing import LiteralString

import pytest

from shared.app.composition import Services
from shared.datasets import service, versions
from shared.datasets.errors import DatasetEmpty, DatasetTooLarge
from shared.datasets.schemas import DatasetDetail, DiffOut, SplitOptions, VersionCreate, VersionOut
from shared.images import review
from shared.images import service as images
from shared.images.schemas import ImageReview
from shared.imaging.dhash import distance
from shared.jobs.errors import JobRunning
from shared.platform.errors import NotFound
from shared.platform.http.auth.principal import Principal
from tests.integration.conftest import MakeJob, make_user, rows
from tests.integration.datasets.conftest import MakeDataset
from tests.integration.datasets.pictures import Picture, store

SET_HASH: LiteralString = "UPDATE images SET phash = %(phash)s WHERE id = %(id)s RETURNING id"
SPLIT = SplitOptions(train=60, val=20, test=20)


async def make(services: Services, owner: Principal, job_id: int, **wanted: object) -> VersionOut:
    async with services.database.transaction() as transaction:
        return await versions.create_version(
            transaction, owner, job_id, VersionCreate.model_validate(wanted)
        )


async def diff(services: Services, owner: Principal, job_id: int, number: int) -> DiffOut:
    async with services.database.transaction() as transaction:
        return await versions.compare(transaction, owner, job_id, number, None)


async def found(services: Services, owner: Principal, name: str) -> DatasetDetail:
    async with services.database.transaction() as transaction:
        return await service.get_dataset(transaction, owner, name)


async def members(services: Services, number: int) -> dict[str, tuple[str, str]]:
    """Label and split of each image of a version, by its hash."""
    listed = await rows(
        services.database,
        """
        SELECT sha256, label, i.split FROM dataset_version_images AS i
        JOIN dataset_versions AS v ON v.id = version_id WHERE number = %(number)s
        """,
        number=number,
    )
    return {row["sha256"]: (row["label"], row["split"]) for row in listed}


async def review_image(services: Services, owner: Principal, image_id: int, **said: object) -> None:
    async with services.database.transaction() as transaction:
        await review.review_image(transaction, owner, image_id, ImageReview.model_validate(said))


def cats(count: int, start: int = 0) -> list[Picture]:
    return [Picture("cat" if n % 2 else "dog", n) for n in range(start, start + count)]


class TestCreate:
    async def test_counts_images_by_split_and_label(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        job_id = await make_dataset(cats(20))
        version = await make(services, owner, job_id, split=SPLIT)
        assert (version.number, version.version, version.images) == (1, "1.0.0", 20)
        assert version.splits == {"train": 12, "val": 4, "test": 4}
        assert version.labels == {"cat": 10, "dog": 10}
        assert (version.left_out, version.withdrawn) == ({}, 0)

    async def test_each_label_is_divided_whatever_it_is_called(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        images = {"zoo": 5, "Ärger": 10, "a b": 15, "Zoo": 20, "狗": 25}
        labels = [label for label, count in images.items() for _ in range(count)]
        pictures = [Picture(label, number) for number, label in enumerate(labels)]
        await make(services, owner, await make_dataset(pictures), split=SPLIT)
        found = Counter((await members(services, 1)).values())
        shares = {"train": 60, "val": 20, "test": 20}
        assert found == {
            (label, split): count * share // 100
            for label, count in images.items()
            for split, share in shares.items()
        }

    async def test_the_hash_is_one_of_its_images_in_their_order(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        version = await make(services, owner, await make_dataset(cats(20)), split=SPLIT)
        listed = await rows(
            services.database,
            "SELECT position, sha256, split, label FROM dataset_version_images ORDER BY position",
        )
        assert [row["position"] for row in listed] == list(range(20))
        lines = "".join(f"{row['sha256']}\t{row['split']}\t{row['label']}\n" for row in listed)
        assert version.hash == sha256(lines.encode()).hexdigest()

    async def test_without_a_split_all_is_to_train_with(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        version = await make(services, owner, await make_dataset(cats(3)))
        assert (version.splits, version.split) == ({"train": 3}, None)

    async def test_of_what_has_not_changed_there_is_one(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        job_id = await make_dataset(cats(4))
        first = await make(services, owner, job_id)
        assert await make(services, owner, job_id) == first

    async def test_packed_otherwise_it_is_a_patch(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        job_id = await make_dataset(cats(4))
        await make(services, owner, job_id)
        second = await make(services, owner, job_id, include_duplicates=True)
        assert (second.number, second.version) == (2, "1.0.1")

    async def test_more_images_are_a_minor_version(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        job_id = await make_dataset(cats(20))
        await make(services, owner, job_id, split=SPLIT)
        before = await members(services, 1)
        for picture in cats(7, start=100):
            await store(services, job_id, picture)
        second = await make(services, owner, job_id, split=SPLIT)
        assert (second.version, second.images) == ("1.1.0", 27)
        assert (await members(services, 2)).items() >= before.items()
        changes = await diff(services, owner, job_id, 2)
        assert (changes.added, changes.removed, changes.relabelled, changes.moved) == (7, 0, 0, 0)

    async def test_a_label_said_and_an_image_dropped_are_a_major_one(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        job_id = await make_dataset(cats(6))
        await make(services, owner, job_id)
        ids = [row["id"] for row in await rows(services.database, "SELECT id FROM images")]
        await review_image(services, owner, ids[0], label="fox")
        await review_image(services, owner, ids[1], decision="drop")
        await review_image(services, owner, ids[2], decision="unsure")
        second = await make(services, owner, job_id)
        assert (second.version, second.images, second.left_out) == ("2.0.0", 5, {"dropped": 1})
        assert second.labels["fox"] == 1
        changes = await diff(services, owner, job_id, 2)
        assert (changes.added, changes.removed, changes.relabelled) == (0, 1, 1)
        assert {change.label for change in changes.changes} == {"fox", None}

    async def test_duplicates_are_left_out_or_go_where_their_original_is(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        originals = cats(30)
        copies = [
            Picture(p.label, 1000 + p.seed, near=p.seed, is_duplicate=True) for p in originals
        ]
        job_id = await make_dataset(originals + copies)
        without = await make(services, owner, job_id, split=SPLIT)
        assert (without.images, without.left_out) == (30, {"duplicate": 30})
        both = await make(services, owner, job_id, split=SPLIT, include_duplicates=True)
        assert both.images == 60
        await assert_no_leaks(services, 2)

    async def test_who_resembles_images_of_two_splits_is_left_out(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        job_id = await make_dataset(cats(10), filters={"near_duplicate_bits": 0})
        await make(services, owner, job_id, split=SPLIT)
        splits = await rows(services.database, "SELECT DISTINCT ON (v.split) phash FROM images AS i"
                            " JOIN dataset_version_images AS v ON v.image_id = i.id")  # fmt: skip
        one, other, *_ = [row["phash"] for row in splits]
        assert distance(one, other) > 2 * versions.LEAK_BITS
        # A chain of images from the one to the other, each near the next: one of it must go.
        differing = [bit for bit in range(63) if (one ^ other) >> bit & 1]
        link = one
        for number, place in enumerate(range(0, len(differing), 4)):
            link ^= sum(1 << bit for bit in differing[place : place + 4])
            image_id = await store(services, job_id, Picture("cat", 900 + number))
            await rows(services.database, SET_HASH, phash=link, id=image_id)
        second = await make(services, owner, job_id, split=SPLIT)
        assert second.left_out["split_conflict"] >= 1
        assert second.images + second.left_out["split_conflict"] == 10 + number + 1
        await assert_no_leaks(services, 2)

    async def test_of_nothing_there_is_no_version(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        with pytest.raises(DatasetEmpty):
            await make(services, owner, await make_dataset([]))

    async def test_of_more_images_than_a_request_can_deal_with_there_is_none(
        self,
        services: Services,
        owner: Principal,
        make_dataset: MakeDataset,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(versions, "MOST_IMAGES", 3)
        job_id = await make_dataset(cats(3))
        assert (await make(services, owner, job_id)).images == 3
        await store(services, job_id, Picture("cat", 99))
        with pytest.raises(DatasetTooLarge):
            await make(services, owner, job_id)

    async def test_what_still_changes_has_no_version(
        self, services: Services, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job(start=True)
        with pytest.raises(JobRunning):
            await make(services, owner, job.id)

    async def test_of_somebody_elses_there_is_none(
        self, services: Services, make_dataset: MakeDataset
    ) -> None:
        job_id = await make_dataset(cats(2))
        with pytest.raises(NotFound):
            await make(services, await make_user(services.database), job_id)


async def assert_no_leaks(services: Services, number: int) -> None:
    """No two images of different splits resemble each other."""
    listed = await rows(
        services.database,
        """
        SELECT i.split, phash FROM dataset_version_images AS i
        JOIN dataset_versions AS v ON v.id = version_id JOIN images ON images.id = image_id
        WHERE number = %(number)s
        """,
        number=number,
    )
    for one in listed:
        for other in listed:
            if one["split"] != other["split"]:
                assert distance(one["phash"], other["phash"]) > versions.LEAK_BITS


async def test_no_pair_straddles_splits_and_nothing_moves_in_any_of_many_jobs(
    services: Services, owner: Principal, make_dataset: MakeDataset
) -> None:
    """Hashes as of pictures that resemble each other in chains; half of the images come later."""
    chance = random.Random(7)
    job_id = await make_dataset(cats(40), filters={"near_duplicate_bits": 0})
    ids = [row["id"] for row in await rows(services.database, "SELECT id FROM images")]
    for seed in range(100):
        hashes = [chance.getrandbits(64) - 2**63]
        while len(hashes) < len(ids):
            near = chance.choice(hashes) ^ (1 << chance.randrange(60)) ^ (1 << chance.randrange(60))
            hashes.append(near if chance.random() < 0.5 else chance.getrandbits(64) - 2**63)
        await rows(
            services.database,
            """
            UPDATE images SET phash = t.phash, decision = CASE WHEN later THEN 'drop' END
            FROM unnest(%(ids)s::int[], %(hashes)s::bigint[], %(later)s::bool[])
              AS t (id, phash, later) WHERE images.id = t.id RETURNING images.id
            """,
            ids=ids,
            hashes=hashes,
            later=[chance.random() < 0.5 for _ in ids],
        )
        split = {"train": 1, "val": 1, "test": 1, "seed": seed}
        first = await make(services, owner, job_id, split=split)
        await rows(services.database, "UPDATE images SET decision = NULL RETURNING id")
        second = await make(services, owner, job_id, split=split)
        before = await members(services, first.number)
        after = await members(services, second.number)
        assert after.items() >= before.items()
        assert second.images + second.left_out.get("split_conflict", 0) == len(ids)
        await assert_no_leaks(services, first.number)
        await assert_no_leaks(services, second.number)


class TestWithdrawn:
    async def test_a_version_says_what_was_deleted_since_and_the_next_lacks_it(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        job_id = await make_dataset(cats(5))
        first = await make(services, owner, job_id)
        (image, *_) = await rows(services.database, "SELECT id FROM images")
        async with services.database.transaction() as transaction:
            await images.delete_image(transaction, owner, image["id"])
        async with services.database.transaction() as transaction:
            shown = await versions.show_version(transaction, owner, job_id, 1)
        assert shown == first.model_copy(update={"withdrawn": 1})
        second = await make(services, owner, job_id)
        assert (second.number, second.version, second.images) == (2, "2.0.0", 4)


class TestGet:
    async def test_by_id_by_name_and_with_a_version(
        self, services: Services, owner: Principal, make_dataset: MakeDataset, make_job: MakeJob
    ) -> None:
        older = await make_dataset(cats(2), name="pets")
        newer = await make_dataset(cats(3, start=50), name="pets")
        await make(services, owner, older)
        assert (await found(services, owner, str(older))).id == older
        assert (await found(services, owner, "pets")).id == newer
        for reference in (f"{older}@1", f"{older}@latest"):
            version = (await found(services, owner, reference)).version
            assert version is not None
            assert version.number == 1
        await make_job(name="pets")  # has no images yet
        assert (await found(services, owner, "pets")).id == newer
        for missing in (
            "pets@1",
            "pets@latest",
            f"{older}@0",
            f"{older}@99999999999",
            "cats",
            "0",
            "99999999999",
            "pets@x",
            "@",
            "²",
        ):
            with pytest.raises(NotFound):
                await found(services, owner, missing)

    async def test_a_name_may_have_an_at_sign_of_its_own(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        job_id = await make_dataset(cats(2), name="cats@home")
        await make(services, owner, job_id)
        assert (await found(services, owner, "cats@home")).version is None
        version = (await found(services, owner, "cats@home@latest")).version
        assert version is not None
        assert version.number == 1

    async def test_tells_what_is_in_it(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        pictures = [Picture("cat", 1), Picture("cat", 2, license=None), Picture("dog", 3)]
        job_id = await make_dataset([*pictures, Picture("dog", 4, near=3, is_duplicate=True)])
        dataset = await found(services, owner, str(job_id))
        assert dataset.labels == {"cat": 2, "dog": 1}
        assert dataset.licenses == {"by": 2, "unknown": 1}
        assert dataset.size_mb == pytest.approx(
            sum(len(p.draw()) for p in pictures) / 1e6, abs=0.01
        )
