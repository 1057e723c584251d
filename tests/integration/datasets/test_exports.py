"""Exports: built once, of the same bytes always, there for a while, and nothing of them after."""

import asyncio
import random
from pathlib import Path

import pytest

from shared.app.composition import Services
from shared.datasets import building, export_files, exports, part_repo, versions
from shared.datasets.errors import (
    DatasetEmpty,
    ExportExpired,
    ExportNotReady,
    ExportRunning,
    TooManyRunningExports,
    VersionWithdrawn,
)
from shared.datasets.export_schemas import ExportOut, VersionExport
from shared.exports import layout
from shared.images import service as images
from shared.platform.errors import Invalid, NotFound
from shared.platform.http.auth.principal import Principal
from tests.integration.conftest import make_user, rows
from tests.integration.datasets.conftest import MakeDataset, build, download, export, order
from tests.integration.datasets.pictures import Picture

SPLIT = {"train": 60, "val": 20, "test": 20}
FORMATS: dict[str, dict[str, object]] = {
    "zip": {"format": "imagefolder"},
    "tar.zst": {"format": "imagefolder", "archive": "tar.zst"},
    "webdataset": {"format": "webdataset"},
    "parquet": {"format": "parquet"},
}


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many parts of few images."""
    monkeypatch.setattr(layout, "IMAGES_PER_PART", 4)
    monkeypatch.setattr(layout, "SAMPLES_PER_SHARD", 9)
    monkeypatch.setattr(layout, "ROWS_PER_TABLE", 7)


def cats(count: int, **fields: object) -> list[Picture]:
    kinds = ("jpeg", "png", "webp")
    return [Picture("cat" if n % 2 else "dog", n, format=kinds[n % 3]) for n in range(count)]


async def status(services: Services, owner: Principal, export_id: int) -> ExportOut:
    async with services.database.transaction() as transaction:
        return await exports.get_export(transaction, owner, export_id)


async def forget(services: Services, owner: Principal, export_id: int) -> None:
    async with services.database.transaction() as transaction:
        await export_files.delete_export(transaction, owner, export_id)
    await send(services)


async def send(services: Services) -> None:
    """Does what was promised, and begins no orchestration."""
    ids = [row["id"] for row in await rows(services.database, "SELECT id FROM outbox")]
    await services.outbox.send(ids)


async def blobs_of(services: Services, job_id: int) -> list[str]:
    return [name async for name in services.blobs.names(f"jobs/{job_id}/exports/")]


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("kind", FORMATS)
async def test_in_any_order_twice_and_at_once_it_has_the_same_bytes(
    services: Services, owner: Principal, make_dataset: MakeDataset, kind: str
) -> None:
    job_id = await make_dataset(cats(30))
    plain = await export(services, owner, job_id, split=SPLIT, **FORMATS[kind])
    assert plain.status == "completed"
    await forget(services, owner, plain.id)
    ordered = await order(services, owner, job_id, split=SPLIT, **FORMATS[kind])
    chance = random.Random(3)
    async with services.database.transaction() as transaction:
        assert await building.begin(transaction, ordered.id, 1)
        assert await building.begin(transaction, ordered.id, 1)
    while True:
        async with services.database.transaction() as transaction:
            due = await building.list_due(transaction, ordered.id, 1)
        if not due:
            break
        twice = due * 2
        chance.shuffle(twice)
        await asyncio.gather(*(services.exports.build(ordered.id, 1, n) for n in twice))
    for _ in range(2):
        async with services.database.transaction() as transaction:
            assert await building.finish(transaction, ordered.id, 1) == "completed"
    disturbed = await status(services, owner, ordered.id)
    assert disturbed.files == plain.files
    assert len(plain.files) > 8


class TestRequest:
    async def test_asked_for_again_it_is_the_same(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        job_id = await make_dataset(cats(4))
        first = await export(services, owner, job_id, format="imagefolder")
        assert await order(services, owner, job_id, format="imagefolder") == first
        other = await order(services, owner, job_id, format="imagefolder", image={"max_side": 64})
        assert (other.id, other.version) != (first.id, 2)

    async def test_equal_requests_at_once_are_one(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        job_id = await make_dataset(cats(4))
        made = await asyncio.gather(
            *(order(services, owner, job_id, format="parquet") for _ in range(5))
        )
        assert len({each.id for each in made}) == 1
        assert len(await rows(services.database, "SELECT FROM dataset_versions")) == 1

    async def test_only_so_many_are_built_at_a_time(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        job_id = await make_dataset(cats(4))
        for kind in ("imagefolder", "parquet"):
            await order(services, owner, job_id, format=kind)
        with pytest.raises(TooManyRunningExports):
            await order(services, owner, job_id, format="coco")
        assert (await order(services, owner, job_id, format="parquet")).status == "running"

    async def test_of_no_images_there_is_none(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        with pytest.raises(DatasetEmpty):
            await order(services, owner, await make_dataset([]), format="parquet")

    async def test_of_a_version_that_images_are_missing_of_there_is_none(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        job_id = await make_dataset(cats(4))
        await export(services, owner, job_id, format="parquet")
        (image, *_) = await rows(services.database, "SELECT id FROM images")
        async with services.database.transaction() as transaction:
            await images.delete_image(transaction, owner, image["id"])
        with pytest.raises(VersionWithdrawn):
            async with services.database.transaction() as transaction:
                await exports.export_version(
                    transaction, owner, services.settings, job_id, 1, VersionExport(format="coco")
                )

    async def test_an_archive_that_would_be_too_large_is_refused(
        self,
        services: Services,
        owner: Principal,
        make_dataset: MakeDataset,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(exports, "MOST_IN_ARCHIVE", 3)
        job_id = await make_dataset(cats(4))
        with pytest.raises(Invalid) as refused:
            await order(services, owner, job_id, format="imagefolder")
        assert "webdataset or parquet" in refused.value.errors[0]["msg"]
        assert (await order(services, owner, job_id, format="webdataset")).status == "running"

    async def test_a_webdataset_of_several_kinds_of_pictures_is_refused(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        wanted = {"format": "webdataset", "image": {"format": "original"}}
        with pytest.raises(Invalid) as refused:
            await order(services, owner, await make_dataset(cats(4)), **wanted)
        assert "jpeg, png, webp" in refused.value.errors[0]["msg"]
        alike = await make_dataset([Picture("cat", n, format="png") for n in range(50, 54)])
        assert (await export(services, owner, alike, **wanted)).status == "completed"

    async def test_of_somebody_elses_there_is_none(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        job_id = await make_dataset(cats(4))
        made = await export(services, owner, job_id, format="labels")
        other = await make_user(services.database)
        for call in (
            order(services, other, job_id, format="labels"),
            status(services, other, made.id),
            forget(services, other, made.id),
            export_files.download_url(services.database, services.blobs, other, made.id, None),
        ):
            with pytest.raises(NotFound):
                await call


class TestBuild:
    async def test_an_image_that_is_gone_from_storage_ends_it_with_the_reason(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        job_id = await make_dataset(cats(4))
        (image, *_) = await rows(services.database, "SELECT storage_url AS name FROM images")
        await services.blobs.delete([image["name"]])
        made = await export(services, owner, job_id, format="parquet")
        assert made.status == "failed"
        assert made.failure_reason == "A stored image of the version is gone: make a new version."
        ended = await rows(services.database, "SELECT status FROM runs WHERE kind = 'export'")
        assert [run["status"] for run in ended] == ["failed"]

    async def test_what_failed_is_built_when_it_is_asked_for_again(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        job_id = await make_dataset(cats(4))
        ordered = await order(services, owner, job_id, format="parquet")
        async with services.database.transaction() as transaction:
            await building.finish(transaction, ordered.id, 1, failure="It was too dark.")
        again = await order(services, owner, job_id, format="parquet")
        assert (again.id, again.status, again.failure_reason) == (ordered.id, "running", None)
        await build(services, again.id, 2)
        assert (await status(services, owner, again.id)).status == "completed"

    async def test_of_a_job_that_is_deleted_meanwhile_nothing_is_left(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        job_id = await make_dataset(cats(4))
        ordered = await order(services, owner, job_id, format="parquet")
        async with services.database.transaction() as transaction:
            await building.begin(transaction, ordered.id, 1)
        await rows(services.database, "DELETE FROM crawl_jobs WHERE id = %(id)s RETURNING id",
                   id=job_id)  # fmt: skip
        await build(services, ordered.id)
        assert await rows(services.database, "SELECT FROM exports") == []
        ended = await rows(services.database, "SELECT status FROM runs WHERE kind = 'export'")
        assert [run["status"] for run in ended] == ["cancelled"]

    async def test_images_are_encoded_anew_as_asked(
        self, services: Services, owner: Principal, make_dataset: MakeDataset, tmp_path: Path
    ) -> None:
        job_id = await make_dataset(cats(6))
        wanted = {"format": "webp", "max_side": 40, "quality": 30}
        made = await export(services, owner, job_id, format="parquet", image=wanted)
        await download(services, owner, made, tmp_path)
        import pyarrow.parquet as pq

        (table,) = tmp_path.glob("*.parquet")
        for row in pq.read_table(table).to_pylist():
            assert row["image"]["bytes"][8:12] == b"WEBP"
            assert max(row["width"], row["height"]) == 40
            assert row["sha256"] != row["original_sha256"]


class TestFiles:
    async def test_one_is_downloaded_from_its_middle_too(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        made = await export(services, owner, await make_dataset(cats(4)), format="imagefolder")
        url = await export_files.download_url(
            services.database, services.blobs, owner, made.id, None
        )
        whole = (await services.http.get(url)).content
        (file,) = [file for file in made.files if file.name == "train.zip"]
        assert len(whole) == file.bytes
        rest = await services.http.get(url, headers={"Range": "bytes=100-"})
        assert (rest.status_code, rest.content) == (206, whole[100:])

    async def test_one_of_several_must_be_named(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        job_id = await make_dataset(cats(20))
        made = await export(services, owner, job_id, format="imagefolder", split=SPLIT)
        for name in (None, "../train.zip", "nothing.zip", ""):
            with pytest.raises(NotFound, match=r"Name one of the export's files: train\.zip"):
                await export_files.download_url(
                    services.database, services.blobs, owner, made.id, name
                )

    async def test_before_it_is_ready_there_are_none(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        made = await order(services, owner, await make_dataset(cats(4)), format="imagefolder")
        with pytest.raises(ExportNotReady):
            await export_files.download_url(services.database, services.blobs, owner, made.id, None)
        with pytest.raises(ExportRunning):
            await forget(services, owner, made.id)

    @pytest.mark.parametrize("kind", FORMATS)
    async def test_deleted_it_leaves_no_file(
        self, services: Services, owner: Principal, make_dataset: MakeDataset, kind: str
    ) -> None:
        job_id = await make_dataset(cats(8))
        made = await export(services, owner, job_id, **FORMATS[kind])
        assert len(await blobs_of(services, job_id)) == len(made.files)
        await forget(services, owner, made.id)
        assert await blobs_of(services, job_id) == []

    async def test_when_its_time_is_over_it_goes_and_comes_again_when_asked_for(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        job_id = await make_dataset(cats(4))
        made = await export(services, owner, job_id, format="imagefolder")
        await rows(
            services.database, "UPDATE exports SET expires_at = now() - interval '1 s' RETURNING id"
        )
        async with services.database.transaction() as transaction:
            assert await export_files.expire_exports(transaction, limit=10) == 1
        await send(services)
        assert await blobs_of(services, job_id) == []
        with pytest.raises(ExportExpired):
            await export_files.download_url(services.database, services.blobs, owner, made.id, None)
        again = await order(services, owner, job_id, format="imagefolder")
        await build(services, again.id, 2)
        assert (await status(services, owner, made.id)).files == made.files


async def test_a_part_that_an_earlier_attempt_still_builds_changes_nothing(
    services: Services, owner: Principal, make_dataset: MakeDataset
) -> None:
    job_id = await make_dataset(cats(4))
    ordered = await order(services, owner, job_id, format="parquet")
    await build(services, ordered.id)
    await services.exports.build(ordered.id, 2, 0)
    await services.exports.build(ordered.id, 1, 99)
    async with services.database.transaction() as transaction:
        parts = await part_repo.list_parts(transaction, ordered.id)
        version = await versions.get_version(transaction, job_id, 1)
    assert version.withdrawn == 0
    assert all(part.result is None for part in parts)
