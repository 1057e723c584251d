"""Images: thumbnails made once, and deletion that leaves counts right and no blob."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from pydantic import SecretStr

from shared.app.composition import Services
from shared.app.settings import Settings
from shared.images import repo, thumbnails
from shared.images import service as images
from shared.jobs import finish, reports
from shared.jobs import service as jobs
from shared.jobs.errors import JobRunning
from shared.platform.data.blob import BlobStore
from shared.platform.data.db import Database
from shared.platform.errors import NotFound, Unavailable
from shared.platform.http.auth.principal import Principal
from tests.integration.conftest import MakeJob, make_user, rows
from tests.integration.crawl.chunks import cut, examine, settle
from tests.unit.imaging.pictures import encoded, photo


@pytest.fixture
async def job_id(database: Database, make_job: MakeJob) -> int:
    """A completed job with five images, which paid for them."""
    job = await make_job(start=True, engines=["openverse"])
    for chunk in await cut(database, job, 5):
        await settle(database, chunk, examine(chunk, [1, 2, 3, 4, 5]))
    async with database.transaction() as transaction:
        await finish.finish_job(transaction, job.id, 1)
    return job.id


@pytest.fixture
async def image_id(database: Database, job_id: int) -> int:
    found = await rows(database, "SELECT min(id) AS id FROM images")
    return int(found[0]["id"])


async def delete(database: Database, owner: Principal, image_id: int) -> None:
    async with database.transaction() as transaction:
        await images.delete_image(transaction, owner, image_id)


async def names(services: Services, job_id: int) -> list[str]:
    prefixes = (f"jobs/{job_id}/", f"thumbnails/{job_id}/")
    return [name for prefix in prefixes async for name in services.blobs.names(prefix)]


@asynccontextmanager
async def silent_storage(settings: Settings) -> AsyncIterator[BlobStore]:
    """A storage that accepts connections and says nothing."""

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    connection = f"AccountName=a;AccountKey=YQ==;BlobEndpoint=http://{host}/a"
    blobs = BlobStore(
        settings.model_copy(update={"azure_storage_connection_string": SecretStr(connection)})
    )
    yield blobs
    await blobs.close()
    server.close()
    await server.wait_closed()


class TestDelete:
    async def test_row_blobs_and_counts(
        self, database: Database, owner: Principal, job_id: int, image_id: int
    ) -> None:
        await delete(database, owner, image_id)
        async with database.transaction() as transaction:
            job = await jobs.get_job(transaction, owner, job_id)
            stats = await reports.get_stats(transaction, owner, job_id)
        assert (job.valid_images, job.rejected_images, job.total_images) == (4, 0, 5)
        assert stats.outcomes == {"stored": 4, "deleted": 1}
        assert sum(stats.formats.values()) == sum(stats.sizes.values()) == 4
        (promised,) = await rows(database, "SELECT payload FROM outbox WHERE kind = 'delete_blobs'")
        folders = [name.rpartition("/")[0] for name in promised["payload"]["names"]]
        assert folders == [
            f"jobs/{job_id}/images", f"thumbnails/{job_id}", f"jobs/{job_id}/thumbnails",
        ]  # fmt: skip

    async def test_twice_at_once_is_once(
        self, database: Database, owner: Principal, job_id: int, image_id: int
    ) -> None:
        results = await asyncio.gather(
            *(delete(database, owner, image_id) for _ in range(5)), return_exceptions=True
        )
        assert sorted(type(result) is NotFound for result in results) == [False] + [True] * 4
        async with database.transaction() as transaction:
            assert (await jobs.get_job(transaction, owner, job_id)).valid_images == 4

    async def test_what_was_paid_for_it_pays_for_no_other(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job(start=True, engines=["openverse"])
        for chunk in await cut(database, job, 5):
            await settle(database, chunk, examine(chunk, [1, 2, 3, 4, 5]))
        async with database.transaction() as transaction:
            await jobs.stop_job(transaction, owner, job.id)
        (first, *_) = await rows(database, "SELECT id FROM images ORDER BY id")
        await delete(database, owner, first["id"])
        async with database.transaction() as transaction:
            await jobs.retry_job(transaction, owner, job.id)
            await jobs.stop_job(transaction, owner, job.id)
        charged = await rows(database, "SELECT charged FROM credit_holds ORDER BY attempt")
        assert [hold["charged"] for hold in charged] == [5, 0]

    async def test_not_while_the_job_runs(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job(start=True, engines=["openverse"])
        for chunk in await cut(database, job, 1):
            await settle(database, chunk, examine(chunk, [1]))
        (image,) = await rows(database, "SELECT id FROM images")
        with pytest.raises(JobRunning):
            await delete(database, owner, image["id"])

    async def test_anothers_image_does_not_exist(self, database: Database, image_id: int) -> None:
        with pytest.raises(NotFound):
            await delete(database, await make_user(database), image_id)


class TestThumbnail:
    async def test_is_there_for_all_who_ask_at_once_and_kept(
        self, services: Services, owner: Principal, job_id: int, image_id: int
    ) -> None:
        database, blobs = services.database, services.blobs
        async with database.transaction() as transaction:
            image = await repo.find_stored(transaction, owner.user_id, image_id)
        assert image is not None
        await blobs.put(image.blob_name, encoded(photo("cat")), "image/jpeg")
        urls = await asyncio.gather(*(services.thumbnails.url(owner, image_id) for _ in range(40)))
        await blobs.delete([image.blob_name])  # a second making would find nothing to make it of
        urls.append(await services.thumbnails.url(owner, image_id))
        for url in (urls[0], urls[-1]):
            assert url is not None
            answer = httpx.get(url)
            assert answer.headers["content-type"] == "image/webp"
            assert answer.content[8:12] == b"WEBP"
        assert await names(services, job_id) == [image.thumbnail]

    async def test_of_an_image_deleted_meanwhile_leaves_nothing(
        self, services: Services, owner: Principal, job_id: int, image_id: int
    ) -> None:
        database, blobs = services.database, services.blobs
        async with database.transaction() as transaction:
            image = await repo.find_stored(transaction, owner.user_id, image_id)
        assert image is not None
        await blobs.put(image.blob_name, encoded(photo("cat")), "image/jpeg")
        await delete(database, owner, image_id)
        with pytest.raises(NotFound):
            await services.thumbnails._make(image)
        await blobs.delete([image.blob_name])
        assert await names(services, job_id) == []

    async def test_where_storage_is_silent_nobody_waits_for_all_others(
        self, services: Services, owner: Principal, image_id: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(thumbnails, "MOST_SECONDS", 0.5)
        async with silent_storage(services.settings) as blobs, asyncio.timeout(10):
            silent = thumbnails.Thumbnails(services.database, blobs)
            answers = await asyncio.gather(
                *(silent.url(owner, image_id) for _ in range(5 * thumbnails.MADE_AT_ONCE)),
                return_exceptions=True,
            )
        assert {type(answer) for answer in answers} == {Unavailable}

    async def test_anothers_image_has_none(
        self, services: Services, database: Database, image_id: int
    ) -> None:
        with pytest.raises(NotFound):
            await services.thumbnails.url(await make_user(database), image_id)


class TestSweep:
    async def test_knows_thumbnails(
        self, services: Services, owner: Principal, job_id: int, image_id: int
    ) -> None:
        database, blobs = services.database, services.blobs
        async with database.transaction() as transaction:
            image = await repo.find_stored(transaction, owner.user_id, image_id)
        assert image is not None
        orphan = "0" * 64
        for name in (image.thumbnail, image.blob_name):
            await blobs.put(name, b"x", "image/webp")
            await blobs.put(name.replace(image.sha256, orphan), b"x", "image/webp")
        assert await images.sweep_blobs(database, blobs, job_id) == 2
        assert sorted(await names(services, job_id)) == [image.blob_name, image.thumbnail]
