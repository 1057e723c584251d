"""Reports: what a dataset or a version is made of, in figures that the rows confirm."""

import json
from pathlib import Path

import pytest

from shared.app.composition import Services
from shared.datasets import reports, versions
from shared.datasets.report_schemas import ReportOut
from shared.datasets.schemas import VersionCreate
from shared.platform.errors import NotFound
from shared.platform.http.auth.principal import Principal
from tests.integration.conftest import make_user, rows
from tests.integration.datasets.conftest import MakeDataset, download, export
from tests.integration.datasets.pictures import Picture, store

PICTURES = [
    *(Picture("cat", seed, license="by" if seed % 2 else "cc0") for seed in range(6)),
    *(Picture("dog", seed, "png", license=None) for seed in range(10, 13)),
]


async def report(services: Services, owner: Principal, reference: str) -> ReportOut:
    async with services.database.transaction() as transaction:
        return await reports.get_report(transaction, owner, reference)


async def make_version(services: Services, owner: Principal, job_id: int, **wanted: object) -> None:
    async with services.database.transaction() as transaction:
        await versions.create_version(
            transaction, owner, job_id, VersionCreate.model_validate(wanted)
        )


async def mark_duplicate(services: Services, image: int, of: int) -> None:
    await rows(
        services.database,
        """
        UPDATE images SET is_duplicate = true, duplicate_of = %(of)s WHERE id = %(id)s
        RETURNING id
        """,
        id=image,
        of=of,
    )


class TestDataset:
    async def test_counts_what_is_in_it(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        job_id = await make_dataset(PICTURES)
        told = await report(services, owner, str(job_id))
        assert (told.dataset_id, told.number, told.hash, told.splits) == (job_id, None, None, {})
        assert told.images == 9
        assert told.labels == {"cat": 6, "dog": 3}
        assert told.balance == 0.5
        assert told.license_labels == {
            "by": {"cat": 3}, "cc0": {"cat": 3}, "unknown": {"dog": 3},
        }  # fmt: skip
        assert told.licenses == {"by": 3, "cc0": 3, "unknown": 3}
        assert told.license_urls == {
            "by": ["https://licenses.example/by"], "cc0": ["https://licenses.example/cc0"],
        }  # fmt: skip
        assert told.formats == {"jpeg": 6, "png": 3}
        assert told.sources == {"openverse": 9}
        assert told.domains == {"images.example": 9}
        (sizes,) = await rows(
            services.database,
            """
            SELECT min(width) AS least, max(width) AS most, sum(file_size) AS bytes FROM images
            WHERE crawl_job_id = %(id)s
            """,
            id=job_id,
        )
        assert (told.sizes["width"]["min"], told.sizes["width"]["max"]) == (
            sizes["least"], sizes["most"],
        )  # fmt: skip
        assert told.bytes == sizes["bytes"]
        assert (told.duplicates, told.leaks) == ([], 0)

    async def test_tells_what_was_found_twice_within_a_label_and_across_two(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        job_id = await make_dataset([Picture("cat", 1)])
        (cat,) = await rows(services.database, "SELECT id FROM images")
        for label, seed in (("cat", 2), ("dog", 3), ("dog", 4)):
            again = await store(services, job_id, Picture(label, seed))
            await mark_duplicate(services, again, cat["id"])
        dropped = await store(services, job_id, Picture("dog", 5))
        await rows(
            services.database,
            "UPDATE images SET decision = 'drop' WHERE id = %(id)s RETURNING id",
            id=dropped,
        )
        await rows(
            services.database,
            """
            WITH searched AS (
              INSERT INTO crawl_searches (job_id, keyword, engine, query)
              VALUES (%(job)s, 'dog', 'openverse', 'dog') RETURNING id
            )
            INSERT INTO crawl_candidates
              (job_id, url, url_hash, search_id, keyword, engine, rank, outcome, copy_hash)
            SELECT %(job)s, 'http://a.example/1', sha256('1'), searched.id, 'dog', 'openverse', 1,
              'exact_duplicate', hash
            FROM searched, images WHERE images.id = %(cat)s RETURNING id
            """,
            job=job_id,
            cat=cat["id"],
        )
        told = await report(services, owner, str(job_id))
        assert told.images == 1
        assert told.left_out == {"dropped": 1, "duplicate": 3}
        assert [tuple(twice.model_dump().values()) for twice in told.duplicates] == [
            ("near", "dog", "cat", 2), ("exact", "dog", "cat", 1), ("near", "cat", "cat", 1),
        ]  # fmt: skip

    async def test_of_nothing_it_is_empty(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        job_id = await make_dataset([])
        await rows(
            services.database,
            "UPDATE crawl_jobs SET valid_images = 1 WHERE id = %(id)s RETURNING id",
            id=job_id,
        )
        told = await report(services, owner, str(job_id))
        assert (told.images, told.balance, told.labels) == (0, None, {})

    async def test_of_somebody_elses_there_is_none(
        self, services: Services, make_dataset: MakeDataset
    ) -> None:
        job_id = await make_dataset(PICTURES)
        with pytest.raises(NotFound):
            await report(services, await make_user(services.database), str(job_id))


class TestVersion:
    async def test_is_what_its_export_says(
        self, services: Services, owner: Principal, make_dataset: MakeDataset, tmp_path: Path
    ) -> None:
        job_id = await make_dataset(PICTURES)
        split = {"train": 50, "val": 25, "test": 25}
        made = await export(services, owner, job_id, format="labels", split=split)
        folder = await download(services, owner, made, tmp_path / "files")
        told = await report(services, owner, f"{job_id}@1")
        assert json.loads((folder / "report.json").read_text()) == told.model_dump()
        assert told.number == 1
        assert sum(told.splits.values()) == told.images == 9
        assert sum(n for of in told.split_labels.values() for n in of.values()) == 9
        assert told.leaks == 0

    async def test_tells_near_duplicates_that_are_both_in_it(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        job_id = await make_dataset(PICTURES)
        listed = await rows(
            services.database,
            "SELECT id, keyword FROM images WHERE crawl_job_id = %(id)s ORDER BY id",
            id=job_id,
        )
        await mark_duplicate(services, listed[-1]["id"], listed[0]["id"])
        await make_version(services, owner, job_id)
        await make_version(services, owner, job_id, include_duplicates=True)
        without = await report(services, owner, f"{job_id}@1")
        with_them = await report(services, owner, f"{job_id}@2")
        assert (without.duplicates, without.left_out) == ([], {"duplicate": 1})
        (twice,) = with_them.duplicates
        assert tuple(twice.model_dump().values()) == ("near", "dog", "cat", 1)

    async def test_sees_a_leak(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        """None is ever made: two rows are put into other splits by hand."""
        job_id = await make_dataset([Picture("cat", seed) for seed in range(8)])
        await make_version(services, owner, job_id, split={"train": 50, "val": 25, "test": 25})
        assert (await report(services, owner, f"{job_id}@1")).leaks == 0
        await rows(
            services.database,
            """
            UPDATE images SET phash = other.phash # 3
            FROM (SELECT phash FROM images JOIN dataset_version_images ON image_id = id
              WHERE split = 'train' LIMIT 1) AS other
            WHERE images.id = (SELECT image_id FROM dataset_version_images
              WHERE split = 'test' LIMIT 1)
            RETURNING id
            """,
        )
        assert (await report(services, owner, f"{job_id}@1")).leaks == 1
