"""Reading the file of an upload: what is stored of it, whatever happens in between."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest

from shared.app.composition import Services
from shared.platform.errors import Unavailable
from shared.platform.http.auth.principal import Principal
from shared.uploads import checking
from shared.uploads.lists.judging import Judge, Problem, Row
from shared.uploads.lists.model import Record
from shared.uploads.schemas import UploadDetail
from tests.integration.conftest import rows
from tests.integration.uploads.conftest import Read, Send, complete, delete, find, run, send_again
from tests.unit.uploads.lists import parquet

BATCH = 10


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small ones."""
    monkeypatch.setattr(checking, "BATCH", BATCH)


def messy(records: int) -> str:
    """A list of which every fifth row is a copy, and every seventh no address."""
    lines = ["url,label"]
    for n in range(records):
        url = f"https://a.example/{n - n % 5 if n % 5 == 4 else n}.jpg"
        lines.append(f"{'nothing' if n % 7 == 6 else url},{'cat' if n % 2 else 'Dog'}")
    return "\n".join(lines)


def told(upload: UploadDetail) -> dict[str, object]:
    """What does not depend on when, or under which id, it was read."""
    return upload.model_dump(exclude={"id", "created_at", "completed_at"})


async def listed(services: Services, upload_id: int) -> list[dict[str, object]]:
    return await rows(
        services.database,
        "SELECT position, url, label, label_key FROM upload_rows WHERE upload_id = %(id)s"
        " ORDER BY position",
        id=upload_id,
    )


async def test_rows_are_stored_and_the_others_counted_and_named(
    services: Services, read: Read
) -> None:
    upload = await read(
        "url,caption,license,label\n"
        "https://a.example/1.jpg,A cat,cc0,cat\n"
        "https://a.example/2.jpg,,,CAT\n"
        "https://a.example/1.jpg,again,,dog\n"
        "http://10.0.0.1/,,,dog\n"
        "ftp://a.example/,,,dog\n"
        "https://a.example/3.jpg,,,\n"
    )
    assert (upload.status, upload.format, upload.records, upload.rows) == ("completed", "csv", 6, 3)
    assert upload.rejected == {"duplicate": 1, "blocked_address": 1, "not_http": 1}
    assert [(problem.line, problem.reason) for problem in upload.problems] == [
        (4, "duplicate"),
        (5, "blocked_address"),
        (6, "not_http"),
    ]
    assert (upload.labels, upload.label_count) == ({"cat": 2}, 1)
    stored = await rows(
        services.database, "SELECT url, caption, license, label FROM upload_rows ORDER BY position"
    )
    assert [tuple(row.values()) for row in stored] == [
        ("https://a.example/1.jpg", "A cat", "cc0", "cat"),
        ("https://a.example/2.jpg", None, None, "CAT"),
        ("https://a.example/3.jpg", None, None, None),
    ]


async def test_the_first_hundred_problems_are_named(read: Read) -> None:
    upload = await read("x\n" * 250 + "https://a.example/1.jpg\n", "l.txt")
    assert upload.rejected == {"not_a_url": 250}
    assert [problem.line for problem in upload.problems] == list(range(1, 101))


async def test_a_list_without_a_usable_row_fails(services: Services, read: Read) -> None:
    upload = await read("x\ny\n", "l.txt")
    assert (upload.status, upload.failure_reason) == ("failed", "None of its 2 rows can be used.")


async def test_parquet_is_read_from_storage(read: Read) -> None:
    urls = [f"https://a.example/{n}.jpg" for n in range(35)]
    upload = await read(parquet({"URL": urls, "TEXT": urls}, row_group_size=10), "laion.parquet")
    assert (upload.status, upload.format, upload.rows) == ("completed", "parquet", 35)


async def test_a_fault_in_the_middle_leaves_no_rows(services: Services, read: Read) -> None:
    content = '{"url": "https://a.example/%d"}\n'
    upload = await read("".join(content % n for n in range(35)) + "{", "l.jsonl")
    assert (upload.status, upload.failure_reason) == ("failed", "The JSON is broken at line 36.")
    assert upload.rows == 0
    assert await listed(services, upload.id) == []


Stop = Callable[[int], None]


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch) -> Stop:
    """Has the reading die after so many batches."""

    def die_after(batches: int) -> None:
        judged = checking._judged
        left = iter(range(batches))

        def dies(judge: Judge, records: Iterator[Record]) -> list[Row | Problem]:
            if next(left, None) is None:
                raise Unavailable("It dies.")
            return judged(judge, records)

        monkeypatch.setattr(checking, "_judged", dies)

    return die_after


@pytest.mark.parametrize("batches", [0, 1, 3, 4])
async def test_killed_in_between_it_goes_on_there(
    services: Services,
    owner: Principal,
    send: Send,
    read: Read,
    dying: Stop,
    monkeypatch: pytest.MonkeyPatch,
    batches: int,
) -> None:
    undisturbed = await read(messy(45))
    made = await send(messy(45))
    await complete(services, owner, made.id)
    with monkeypatch.context():
        dying(batches)
        with pytest.raises(Unavailable):
            await services.uploads.check(made.id, 1)
    monkeypatch.undo()
    monkeypatch.setattr(checking, "BATCH", BATCH)
    assert (await find(services, owner, made.id)).records == batches * BATCH
    assert await run(services, made.id) == "completed"
    assert told(await find(services, owner, made.id)) == told(undisturbed)
    assert await listed(services, made.id) == await listed(services, undisturbed.id)


async def test_delivered_twice_at_once_it_is_read_once(
    services: Services, owner: Principal, send: Send, read: Read
) -> None:
    undisturbed = await read(messy(95))
    made = await send(messy(95))
    await complete(services, owner, made.id)
    answers = await asyncio.gather(*(services.uploads.check(made.id, 1) for _ in range(3)))
    assert answers == [None] * 3
    assert await run(services, made.id) == "completed"
    assert await run(services, made.id) == "completed"
    assert told(await find(services, owner, made.id)) == told(undisturbed)
    assert await listed(services, made.id) == await listed(services, undisturbed.id)


Act = Callable[[], Awaitable[object]]


async def during(
    services: Services, upload_id: int, act: Act, monkeypatch: pytest.MonkeyPatch
) -> str | None:
    """What the reading says while ``act`` is done, right after the first batch was judged."""
    loop, judged = asyncio.get_running_loop(), checking._judged
    done: list[object] = []

    def acts(judge: Judge, records: Iterator[Record]) -> list[Row | Problem]:
        found = judged(judge, records)
        if not done:
            done.append(asyncio.run_coroutine_threadsafe(_await(act), loop).result(60))
        return found

    monkeypatch.setattr(checking, "_judged", acts)
    return await services.uploads.check(upload_id, 1)


async def _await(act: Act) -> object:
    return await act()


async def test_deleted_while_it_is_read_nothing_stays(
    services: Services, owner: Principal, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await send(messy(45))
    await complete(services, owner, made.id)
    said = await during(services, made.id, lambda: delete(services, owner, made.id), monkeypatch)
    assert said is None
    assert await run(services, made.id) == "deleted"
    assert await rows(services.database, "SELECT FROM upload_rows") == []


async def test_a_file_that_is_sent_again_while_it_is_read_is_refused(
    services: Services, owner: Principal, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = messy(1000)
    made = await send(content)
    await complete(services, owner, made.id)
    monkeypatch.setattr(checking, "BUFFER", 64)
    (key,) = await rows(services.database, "SELECT key FROM uploads")
    name = f"uploads/{key['key']}/file"

    async def again() -> None:
        await services.blobs.put(name, content.encode(), "text/csv")

    assert await during(services, made.id, again, monkeypatch) == checking.CHANGED


async def test_a_file_that_was_sent_again_before_it_is_read_on_is_refused(
    services: Services, owner: Principal, send: Send, dying: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await send("again")
    await complete(services, owner, made.id)
    dying(0)
    with pytest.raises(Unavailable):
        await services.uploads.check(made.id, 1)
    await send_again(made.target.url, made.target.headers)  # the same bytes, but another file
    assert await services.uploads.check(made.id, 1) == checking.CHANGED


async def test_storage_that_does_not_answer_is_no_fault_of_the_list(
    services: Services, owner: Principal, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object, **__: object) -> bytes:
        raise Unavailable("Blob storage does not answer.")

    for name, content in (("l.txt", messy(5).encode()), ("l.parquet", parquet({"url": ["x"]}))):
        made = await send(content, name)
        await complete(services, owner, made.id)
        with monkeypatch.context() as patch:
            patch.setattr(services.blobs, "read", refuse)
            with pytest.raises(Unavailable):
                await services.uploads.check(made.id, 1)
        assert await run(services, made.id) in ("completed", "failed")
