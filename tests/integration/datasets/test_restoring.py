"""Exports of images that storage has archived: they wait, and come to the same bytes."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from shared.app.composition import Services
from shared.app.settings import Settings
from shared.datasets import building, earlier, exports, restoring
from shared.datasets.errors import TooManyRunningExports
from shared.datasets.export_schemas import ExportOut
from shared.jobs import remove
from shared.platform.data import blob_tiers
from shared.platform.errors import Unavailable
from shared.platform.http.auth.principal import Principal
from tests.fakes.slow_archive import SlowArchive, slow_archive
from tests.integration.conftest import rows
from tests.integration.datasets.conftest import MakeDataset, build, export, order
from tests.integration.datasets.test_exports import cats, forget, status
from tests.integration.platform.test_blob_tiers import archive

SPLIT = {"train": 60, "val": 40}
FORMATS = ({"format": "imagefolder", "split": SPLIT}, {"format": "parquet"}, {"format": "labels"})


@pytest.fixture
def storage(storage: Settings) -> Settings:
    """A storage that archives what nobody has read for a day: each dataset is looked at."""
    return storage.model_copy(update={"storage_archive_after_days": 1})


@pytest.fixture
async def slowly(storage: Settings) -> AsyncIterator[tuple[Services, SlowArchive]]:
    """The app before a storage that takes its time to bring back what it has archived."""
    connection = storage.azure_storage_connection_string
    assert connection
    async with slow_archive(connection.get_secret_value()) as (archive, leading_there):
        changed = {"azure_storage_connection_string": SecretStr(leading_there)}
        services = Services(storage.model_copy(update=changed))
        yield services, archive
        await services.close()


async def images_of(services: Services, job_id: int) -> list[str]:
    return [name async for name in services.blobs.names(f"jobs/{job_id}/images/")]


async def archived(services: Services, job_id: int) -> set[str]:
    pages = blob_tiers.list_tiers(services.blobs, f"jobs/{job_id}/images/")
    return {tier.name async for page in pages for tier in page if tier.archived}


async def begin(services: Services, export_id: int, attempt: int = 1) -> None:
    """What the first step of the orchestration does."""
    async with services.database.transaction() as transaction:
        await building.begin(transaction, export_id, attempt)
    await services.restorer.begin(export_id, attempt)


async def due(services: Services, export_id: int) -> list[int] | None:
    async with services.database.transaction() as transaction:
        return await building.list_due(transaction, export_id, 1)


async def silence(services: Services) -> float:
    """The seconds until the export's run is expected to come forward."""
    query = "SELECT extract(epoch FROM heard_at - now())::float AS seconds FROM runs"
    return float((await rows(services.database, f"{query} WHERE status = 'running'"))[0]["seconds"])


@pytest.mark.parametrize("wanted", FORMATS, ids=lambda wanted: str(wanted["format"]))
async def test_it_waits_and_has_the_same_bytes_as_before(
    services: Services, owner: Principal, make_dataset: MakeDataset, wanted: dict[str, object]
) -> None:
    job_id = await make_dataset(cats(12))
    before = await export(services, owner, job_id, **wanted)
    await forget(services, owner, before.id)
    await archive(services.blobs, await images_of(services, job_id))
    ordered = await order(services, owner, job_id, **wanted)
    assert ordered.restoring is False
    await begin(services, ordered.id)
    assert await due(services, ordered.id) is None
    waiting = await status(services, owner, ordered.id)
    assert (waiting.status, waiting.restoring, waiting.progress) == ("running", True, 0)
    assert await services.restorer.restore(ordered.id, 1) == 0  # Azurite does it at once
    assert (await status(services, owner, ordered.id)).restoring is False
    await build(services, ordered.id)
    after = await status(services, owner, ordered.id)
    assert (after.status, after.restoring, after.files) == ("completed", False, before.files)


async def test_one_that_waits_can_be_deleted(
    services: Services, owner: Principal, make_dataset: MakeDataset
) -> None:
    job_id = await make_dataset(cats(2))
    await archive(services.blobs, await images_of(services, job_id))
    ordered = await order(services, owner, job_id, format="parquet")
    await begin(services, ordered.id)
    assert (await status(services, owner, ordered.id)).restoring is True
    await forget(services, owner, ordered.id)
    assert await due(services, ordered.id) == []  # so its orchestration ends
    async with services.database.transaction() as transaction:
        assert await building.finish(transaction, ordered.id, 1) == "deleted"
    again = await order(services, owner, job_id, format="parquet")
    await begin(services, again.id)
    assert await services.restorer.restore(again.id, 1) == 0
    await build(services, again.id)
    assert (await status(services, owner, again.id)).status == "completed"


async def test_while_storage_takes_its_time_it_goes_on_waiting(
    slowly: tuple[Services, SlowArchive], owner: Principal, make_dataset: MakeDataset
) -> None:
    services, slow = slowly
    job_id = await make_dataset(cats(4))
    await archive_past(slow, services, await images_of(services, job_id))
    ordered = await order(services, owner, job_id, format="imagefolder")
    await begin(services, ordered.id)
    for _ in range(3):
        assert await services.restorer.restore(ordered.id, 1) == restoring.PAUSE_SECONDS
        assert await due(services, ordered.id) is None
    assert len(slow.kept) == 1  # what is on its way is not asked for again
    assert slow.tasted == set()
    await slow.give_back()
    assert await services.restorer.restore(ordered.id, 1) == 0
    assert len(slow.tasted) == 4  # or the lifecycle would archive again what it finds unread
    await build(services, ordered.id)
    assert (await status(services, owner, ordered.id)).status == "completed"


async def archive_past(slow: SlowArchive, services: Services, names: list[str]) -> None:
    """Archives at once: the lifecycle does not wait for what is asked of it."""
    await archive(services.blobs, names)
    await slow.give_back()


async def test_its_silence_is_announced_to_who_looks_for_the_dead(
    slowly: tuple[Services, SlowArchive], owner: Principal, make_dataset: MakeDataset
) -> None:
    services, slow = slowly
    job_id = await make_dataset(cats(2))
    await archive_past(slow, services, await images_of(services, job_id))
    ordered = await order(services, owner, job_id, format="parquet")
    assert await silence(services) <= 0
    await begin(services, ordered.id)
    assert restoring.PAUSE_SECONDS - 60 < await silence(services) <= restoring.PAUSE_SECONDS


class TestWhatIsLookedAt:
    async def test_no_young_dataset(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        older = services.settings.model_copy(update={"storage_archive_after_days": 30})
        never = services.settings.model_copy(update={"storage_archive_after_days": 0})
        job_id = await make_dataset(cats(2))
        await archive(services.blobs, await images_of(services, job_id))
        ordered = await order(services, owner, job_id, format="parquet")
        for settings in (older, never):
            other = Services(settings)
            await begin(other, ordered.id)
            await other.close()
            assert len(await archived(services, job_id)) == 2
            assert await due(services, ordered.id) != []
        old = "UPDATE crawl_jobs SET created_at = now() - interval '31 days' RETURNING id"
        await rows(services.database, old)
        other = Services(older)
        await begin(other, ordered.id)
        await other.close()
        assert await archived(services, job_id) == set()

    async def test_no_image_that_is_not_in_the_version(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        job_id = await make_dataset(cats(4))
        (dropped, *_) = await rows(services.database, "SELECT id, storage_url AS name FROM images")
        await rows(
            services.database,
            "UPDATE images SET decision = 'drop' WHERE id = %(id)s RETURNING id",
            id=dropped["id"],
        )
        await archive(services.blobs, await images_of(services, job_id))
        ordered = await order(services, owner, job_id, format="imagefolder")
        await begin(services, ordered.id)
        assert await archived(services, job_id) == {dropped["name"]}

    async def test_of_labels_alone_what_their_contact_sheet_shows(
        self,
        services: Services,
        owner: Principal,
        make_dataset: MakeDataset,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        job_id = await make_dataset(cats(8))  # of two labels
        await archive(services.blobs, await images_of(services, job_id))
        ordered = await order(services, owner, job_id, format="labels")
        monkeypatch.setattr(restoring, "COLUMNS", 1)
        await begin(services, ordered.id)
        assert len(await archived(services, job_id)) == 6

    async def test_no_export_that_is_over_or_gone(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        job_id = await make_dataset(cats(2))
        made = await export(services, owner, job_id, format="parquet")
        await archive(services.blobs, await images_of(services, job_id))
        for export_id, attempt in ((made.id, 1), (made.id, 2), (made.id + 1, 1)):
            await services.restorer.begin(export_id, attempt)
            assert await services.restorer.restore(export_id, attempt) == 0
        assert len(await archived(services, job_id)) == 2
        assert await status(services, owner, made.id) == made

    async def test_more_than_one_look_can_do_goes_on_at_once(
        self,
        services: Services,
        owner: Principal,
        make_dataset: MakeDataset,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(restoring, "WORK_SECONDS", -1)
        monkeypatch.setattr(blob_tiers, "LIST_BATCH", 2)
        job_id = await make_dataset(cats(4))
        await archive(services.blobs, await images_of(services, job_id))
        ordered = await order(services, owner, job_id, format="parquet")
        left = []
        for _ in range(2):
            assert await services.restorer.restore(ordered.id, 1) == restoring.NEXT_SECONDS
            left.append(len(await archived(services, job_id)))
        assert left == [2, 0]
        assert await services.restorer.restore(ordered.id, 1) == 0


@pytest.mark.parametrize("days", [0, 1])
@pytest.mark.parametrize("wanted", FORMATS, ids=lambda wanted: str(wanted["format"]))
async def test_what_is_archived_while_it_is_built_sends_it_back_to_waiting(
    services: Services,
    owner: Principal,
    make_dataset: MakeDataset,
    wanted: dict[str, object],
    days: int,
) -> None:
    """Also where storage is said to archive nothing, and somebody has done it by hand."""
    settings = services.settings.model_copy(update={"storage_archive_after_days": days})
    job_id = await make_dataset(cats(12))
    before = await export(services, owner, job_id, **wanted)
    await forget(services, owner, before.id)
    other = Services(settings)
    ordered = await order(other, owner, job_id, **wanted)
    await begin(other, ordered.id)
    assert await due(other, ordered.id) not in ([], None)
    await archive(services.blobs, await images_of(services, job_id))
    while number := await due(other, ordered.id):
        await other.exports.build(ordered.id, 1, number[0])
    assert number is None
    waiting = await status(services, owner, ordered.id)
    assert (waiting.status, waiting.restoring) == ("running", True)
    assert await other.restorer.restore(ordered.id, 1) == restoring.PAUSE_SECONDS
    assert await other.restorer.restore(ordered.id, 1) == 0
    await build(other, ordered.id)
    await other.close()
    assert (await status(services, owner, ordered.id)).files == before.files


class TestTurns:
    async def test_who_waits_takes_no_turn_from_others_but_does_not_wait_without_end(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        job_id = await make_dataset(cats(2))
        sizes = iter(range(16, 200))

        async def one() -> ExportOut:
            image = {"max_side": next(sizes)}
            return await order(services, owner, job_id, format="parquet", image=image)

        for _ in range(exports.MOST_RUNNING):
            await one()
        with pytest.raises(TooManyRunningExports):
            await one()
        while True:
            await rows(services.database, "UPDATE exports SET restoring = true RETURNING id")
            made = await rows(services.database, "SELECT id FROM exports")
            if len(made) == exports.MOST_WAITING:
                break
            await one()
        with pytest.raises(TooManyRunningExports):
            await one()

    async def test_one_that_went_with_its_job_takes_none(
        self, services: Services, owner: Principal, make_dataset: MakeDataset
    ) -> None:
        """Its run goes on until it looks again: half an hour."""
        for _ in range(exports.MOST_RUNNING):
            job_id = await make_dataset(cats(2))
            await archive(services.blobs, await images_of(services, job_id))
            ordered = await order(services, owner, job_id, format="parquet")
            await begin(services, ordered.id)
            async with services.database.transaction() as transaction:
                await remove.delete_job(transaction, owner, job_id)
        running = await rows(services.database, "SELECT FROM runs WHERE status = 'running'")
        assert len(running) == exports.MOST_RUNNING
        other = await make_dataset(cats(2))
        assert (await order(services, owner, other, format="parquet")).status == "running"


async def test_download_of_the_earlier_product_does_not_wait_for_storage(
    services: Services, owner: Principal, make_dataset: MakeDataset
) -> None:
    job_id = await make_dataset(cats(2))
    await archive(services.blobs, await images_of(services, job_id))
    ordered = await order(services, owner, job_id, format="imagefolder")
    await begin(services, ordered.id)
    with pytest.raises(Unavailable, match="archived") as refused:
        await earlier.download_url(
            services.database, services.blobs, services.settings, owner, None, job_id, "zip"
        )
    assert refused.value.headers["Retry-After"] == str(restoring.PAUSE_SECONDS)


async def test_one_that_failed_while_it_waited_does_not_wait_when_it_begins_again(
    services: Services, owner: Principal, make_dataset: MakeDataset
) -> None:
    job_id = await make_dataset(cats(2))
    await archive(services.blobs, await images_of(services, job_id))
    ordered = await order(services, owner, job_id, format="parquet")
    await begin(services, ordered.id)
    async with services.database.transaction() as transaction:
        await building.finish(transaction, ordered.id, 1, failure="It took too long.")
    failed = await status(services, owner, ordered.id)
    assert (failed.status, failed.restoring) == ("failed", False)
    again = await order(services, owner, job_id, format="parquet")
    assert (again.status, again.restoring) == ("running", False)
