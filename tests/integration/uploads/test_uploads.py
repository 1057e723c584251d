"""Uploads: asked for, sent to storage, read once, deleted, forgotten."""

import asyncio
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from shared.app.composition import Services
from shared.platform.errors import NotFound
from shared.platform.http.auth.principal import Principal
from shared.platform.http.pagination import PageQuery
from shared.uploads import finish
from shared.uploads import service as uploads
from shared.uploads.errors import (
    TooManyRunningUploads,
    TooManyUploads,
    UploadInUse,
    UploadNotPending,
    UploadNotReady,
)
from shared.uploads.run import reading_of
from shared.uploads.schemas import UploadCreate
from tests.integration.conftest import MakeJob, make_user, rows
from tests.integration.uploads.conftest import Read, Send, complete, delete, find, run, send_again

URLS = "".join(f"https://a.example/{n}.jpg\n" for n in range(3))


async def ask(services: Services, owner: Principal) -> int:
    """Asks for an upload."""
    async with services.database.transaction(owner.user_id) as transaction:
        made = await uploads.create_upload(
            transaction, services.blobs, owner, UploadCreate(kind="url_list", filename="l", size=9)
        )
    return made.id


async def blobs_of(services: Services) -> list[str]:
    return [name async for name in services.blobs.names("uploads/")]


async def state(services: Services) -> list[object]:
    """What is left of all uploads, without times."""
    found = await rows(services.database, "SELECT status, records, rows, rejected FROM uploads")
    listed = await rows(services.database, "SELECT url, position FROM upload_rows ORDER BY 2")
    runs = await rows(services.database, "SELECT kind, status FROM runs")
    return [*found, *listed, *runs]


class TestUrl:
    async def test_writes_one_blob_and_does_nothing_else(self, send: Send) -> None:
        target = (await send(URLS)).target
        assert target.method == "PUT"
        query = parse_qs(urlsplit(target.url).query)
        assert sorted(query["sp"][0]) == ["c", "w"]
        assert query["sr"] == ["b"]
        elsewhere = target.url.replace("/file?", "/other?")
        async with httpx.AsyncClient() as client:
            assert (await client.get(target.url)).status_code == 403
            assert (await client.head(target.url)).status_code == 403
            assert (await client.delete(target.url)).status_code == 403
            refused = await client.put(elsewhere, content=b"x", headers=target.headers)
            assert refused.status_code == 403

    async def test_is_good_for_an_hour(self, send: Send) -> None:
        target = (await send(URLS)).target
        (expiry,) = parse_qs(urlsplit(target.url).query)["se"]
        assert abs(target.expires_at.timestamp() - _seconds(expiry)) < 60


def _seconds(instant: str) -> float:
    return datetime.fromisoformat(instant).timestamp()


class TestLimits:
    async def test_a_user_has_few_uploads_without_a_file(
        self, services: Services, owner: Principal
    ) -> None:
        made = [await ask(services, owner) for _ in range(uploads.MOST_PENDING)]
        with pytest.raises(TooManyUploads):
            await ask(services, owner)
        await ask(services, await make_user(services.database))
        await delete(services, owner, made[0])
        await ask(services, owner)

    async def test_nor_asked_for_at_once(self, services: Services, owner: Principal) -> None:
        asked = (ask(services, owner) for _ in range(2 * uploads.MOST_PENDING))
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert sum(isinstance(answer, int) for answer in answers) == uploads.MOST_PENDING

    async def test_a_user_has_few_uploads_in_all(
        self, services: Services, owner: Principal, monkeypatch: pytest.MonkeyPatch, read: Read
    ) -> None:
        monkeypatch.setattr(uploads, "MOST_KEPT", 1)
        await read(URLS)
        with pytest.raises(TooManyUploads):
            await ask(services, owner)

    async def test_a_user_has_few_of_them_read_at_once(
        self, services: Services, owner: Principal, send: Send
    ) -> None:
        made = [await send(URLS) for _ in range(uploads.MOST_RUNNING + 1)]
        for upload in made[:-1]:
            await complete(services, owner, upload.id)
        with pytest.raises(TooManyRunningUploads):
            await complete(services, owner, made[-1].id)
        await run(services, made[0].id)
        assert (await complete(services, owner, made[-1].id)).status == "running"


class TestComplete:
    async def test_twice_is_once(self, services: Services, owner: Principal, send: Send) -> None:
        made = await send(URLS)
        assert [(await complete(services, owner, made.id)).status for _ in range(2)] == [
            "running",
            "running",
        ]
        assert await run(services, made.id) == "completed"
        assert (await complete(services, owner, made.id)).status == "completed"
        assert len(await rows(services.database, "SELECT FROM runs")) == 1

    async def test_at_once_is_once(self, services: Services, owner: Principal, send: Send) -> None:
        made = await send(URLS)
        both = await asyncio.gather(*(complete(services, owner, made.id) for _ in range(5)))
        assert {upload.status for upload in both} == {"running"}
        started = "SELECT payload FROM outbox WHERE kind = 'start_orchestration'"
        (promised,) = await rows(services.database, started)
        assert promised["payload"]["instance_id"] == f"upload-{made.id}-1"
        assert promised["payload"]["input"] == {"upload_id": made.id, "attempt": 1}

    async def test_what_has_failed_stays_so(
        self, services: Services, owner: Principal, read: Read
    ) -> None:
        failed = await read(b"\0\0")
        assert (failed.status, failed.failure_reason) == ("failed", "The file is not text.")
        with pytest.raises(UploadNotPending, match="not text"):
            await complete(services, owner, failed.id)

    async def test_somebody_elses_is_none(self, services: Services, send: Send) -> None:
        made = await send(URLS)
        other = await make_user(services.database)
        for act in (complete, find, delete):
            with pytest.raises(NotFound):
                await act(services, other, made.id)


class TestFile:
    async def test_that_was_not_sent(self, services: Services, owner: Principal) -> None:
        upload_id = await ask(services, owner)
        await complete(services, owner, upload_id)
        assert await run(services, upload_id) == "failed"
        assert (await find(services, owner, upload_id)).failure_reason == "Nothing was uploaded."

    @pytest.mark.parametrize("more", [1, -1])
    async def test_of_another_size_than_was_announced(
        self, services: Services, owner: Principal, send: Send, more: int
    ) -> None:
        made = await send(URLS, more=more)
        await complete(services, owner, made.id)
        assert await run(services, made.id) == "failed"
        reason = (await find(services, owner, made.id)).failure_reason
        assert reason == f"The file has 72 bytes, not the {72 + more} that were announced."

    async def test_goes_when_it_was_read(self, services: Services, read: Read) -> None:
        await read(URLS)
        assert await blobs_of(services) == []

    async def test_that_was_sent_again_after_it_was_read_goes_with_the_next_sweep(
        self, services: Services, owner: Principal, send: Send
    ) -> None:
        waiting, done = await send(URLS), await send(URLS)
        await complete(services, owner, done.id)
        await run(services, done.id)
        await send_again(done.target.url, done.target.headers)
        assert len(await blobs_of(services)) == 2
        assert await uploads.sweep(services.database, services.blobs) == 1
        (left,) = await blobs_of(services)
        assert f"/{left}?" in waiting.target.url


class TestDelete:
    async def test_takes_rows_and_file_along(
        self, services: Services, owner: Principal, send: Send, read: Read
    ) -> None:
        for made in (await send(URLS), await read(URLS)):
            await delete(services, owner, made.id)
            with pytest.raises(NotFound):
                await find(services, owner, made.id)
        assert await rows(services.database, "SELECT FROM upload_rows") == []
        assert await blobs_of(services) == []

    async def test_ends_the_reading_of_it(
        self, services: Services, owner: Principal, send: Send
    ) -> None:
        made = await send(URLS)
        await complete(services, owner, made.id)
        await delete(services, owner, made.id)
        assert await run(services, made.id) == "deleted"
        assert await state(services) == [{"kind": "upload", "status": "cancelled"}]

    async def test_with_the_account_the_file_goes(
        self, services: Services, owner: Principal, send: Send
    ) -> None:
        made = await send(URLS)
        async with services.database.transaction() as transaction:
            await transaction.connection.execute("RESET ROLE")
            await transaction.connection.execute(
                "DELETE FROM auth.users WHERE id = %(id)s", {"id": owner.user_id}
            )
        (promised,) = await rows(
            services.database, "SELECT payload FROM outbox WHERE kind = 'delete_blobs'"
        )
        (prefix,) = promised["payload"]["prefixes"]
        assert f"/{prefix}file?" in made.target.url

    async def test_waits_for_jobs_that_crawl_it(
        self, services: Services, owner: Principal, read: Read, make_job: MakeJob
    ) -> None:
        upload = await read(URLS)
        job = await make_job(engines=["url_list"], upload_id=upload.id)
        with pytest.raises(UploadInUse):
            await delete(services, owner, upload.id)
        done = "UPDATE crawl_jobs SET status = 'completed' WHERE id = %(id)s RETURNING id"
        await rows(services.database, done, id=job.id)
        await delete(services, owner, upload.id)


async def test_what_nobody_completed_is_forgotten_after_a_day(
    services: Services, owner: Principal, send: Send, read: Read
) -> None:
    old, young, done = await send(URLS), await send(URLS), await read(URLS)
    await rows(
        services.database,
        "UPDATE uploads SET created_at = now() - %(age)s WHERE id = ANY(%(ids)s) RETURNING id",
        age=timedelta(hours=25),
        ids=[old.id, done.id],
    )
    async with services.database.transaction() as transaction:
        await uploads.forget_unfinished(transaction)
    async with services.database.transaction() as transaction:
        page = await uploads.list_uploads(transaction, owner, PageQuery())
    assert [upload.id for upload in page.data] == [done.id, young.id]
    assert len(await blobs_of(services)) == 1


async def test_what_was_not_read_is_for_no_job(
    services: Services, send: Send, make_job: MakeJob
) -> None:
    made = await send(URLS)
    with pytest.raises(UploadNotReady):
        await make_job(engines=["url_list"], upload_id=made.id)
    with pytest.raises(NotFound):
        await make_job(engines=["url_list"], upload_id=made.id + 1)


async def test_a_run_that_is_given_up_fails_its_upload(
    services: Services, owner: Principal, send: Send
) -> None:
    made = await send(URLS)
    await complete(services, owner, made.id)
    async with services.database.transaction() as transaction:
        await finish.fail_run(transaction, reading_of(made.id, 1), "It died.")
    assert (await find(services, owner, made.id)).failure_reason == "It died."
    (ended,) = await rows(services.database, "SELECT status FROM runs")
    assert ended["status"] == "failed"
