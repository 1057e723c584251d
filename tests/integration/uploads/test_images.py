"""Pictures that are uploaded: into storage one by one, and out of it again."""

import asyncio
from collections.abc import Iterator

import pytest

from shared.app.composition import Services
from shared.crawl.filters import JobFilters
from shared.crawl.model import ChunkCandidate
from shared.crawl.process import Examination
from shared.platform.errors import Unavailable
from shared.platform.http.auth.principal import Principal
from shared.sources.uploaded import address_of, blob_of
from shared.uploads import checking
from shared.uploads import service as uploads
from shared.uploads.archives import Member
from tests.integration.conftest import MakeJob, rows
from tests.integration.datasets.pictures import Picture
from tests.integration.uploads.conftest import Read, Send, complete, delete, find, run
from tests.unit.uploads.test_archives import as_tar, as_zip

PICTURES = [Picture("cat" if n % 2 else "dog", seed=n) for n in range(7)]
FILES = [(f"{p.label}/{p.seed}.jpg", p.draw()) for p in PICTURES] + [("readme.txt", b"mine")]


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "IMAGES_AT_ONCE", 3)


async def stored(services: Services) -> dict[str, bytes]:
    names = [name async for name in services.blobs.names("uploads/")]
    return {name: await services.blobs.get(name) for name in names}


async def expected(services: Services, upload_id: int) -> dict[str, bytes]:
    """The pictures as they must be stored for an upload."""
    (found,) = await rows(
        services.database, "SELECT key FROM uploads WHERE id = %(id)s", id=upload_id
    )
    return {str(blob_of(address_of(found["key"], path))): body for path, body in FILES[:-1]}


@pytest.mark.parametrize("pack", [as_zip, as_tar])
async def test_are_stored_and_the_archive_goes(
    services: Services, owner: Principal, read: Read, pack: type
) -> None:
    upload = await read(pack(FILES), "mine", kind="images")
    assert (upload.status, upload.records, upload.rows) == ("completed", 8, 7)
    assert upload.labels == {"dog": 4, "cat": 3}
    assert [(p.line, p.reason, p.value) for p in upload.problems] == [
        (8, "not_an_image", "readme.txt")
    ]
    assert await stored(services) == await expected(services, upload.id)
    assert await uploads.sweep(services.database, services.blobs) == 0
    await delete(services, owner, upload.id)
    assert await stored(services) == {}


async def test_of_an_archive_that_turns_out_broken_nothing_stays(
    services: Services, read: Read
) -> None:
    whole = as_tar(FILES)
    upload = await read(whole[: len(whole) // 2], "mine.tar", kind="images")
    assert upload.status == "failed"
    assert str(upload.failure_reason).startswith("The archive is broken after file ")
    assert await stored(services) == {}
    assert await rows(services.database, "SELECT FROM upload_rows") == []


@pytest.mark.parametrize("batches", [0, 1, 2])
async def test_killed_in_between_it_goes_on_there(
    services: Services,
    owner: Principal,
    send: Send,
    monkeypatch: pytest.MonkeyPatch,
    batches: int,
) -> None:
    made = await send(as_zip(FILES), "mine.zip", kind="images")
    await complete(services, owner, made.id)
    next_members = checking._next_members
    left = iter(range(batches))

    def dies(members: Iterator[Member]) -> list[Member]:
        if next(left, None) is None:
            raise Unavailable("It dies.")
        return next_members(members)

    with monkeypatch.context() as patch:
        patch.setattr(checking, "_next_members", dies)
        with pytest.raises(Unavailable):
            await services.uploads.check(made.id, 1)
    assert (await find(services, owner, made.id)).records == 3 * batches
    assert await asyncio.gather(*(services.uploads.check(made.id, 1) for _ in range(2))) == [
        None,
        None,
    ]
    assert await run(services, made.id) == "completed"
    assert (await find(services, owner, made.id)).rows == 7
    assert await stored(services) == await expected(services, made.id)


async def test_whose_upload_is_gone_are_lost(services: Services, make_job: MakeJob) -> None:
    job = await make_job()
    examination = Examination(
        job.id, JobFilters(), services.blobs, services.crawler_http, services.judges
    )
    address = "upload://00000000-0000-4000-8000-000000000000/cat/1.jpg"
    found = await examination.examine(ChunkCandidate(1, address))
    assert (found.outcome, found.detail) == ("http_404", "its upload was deleted")


def test_nothing_of_the_web_is_taken_for_one() -> None:
    assert blob_of("https://upload.example/1.jpg") is None
    assert blob_of("UPLOAD://x/1.jpg") is None
