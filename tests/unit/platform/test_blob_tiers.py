"""What Azure answers about archived blobs and Azurite never does."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from shared.platform.data import blob_tiers
from shared.platform.data.blob import BlobStore
from shared.platform.data.blob_tiers import Tier
from shared.platform.errors import Archived, Unavailable
from tests.unit.platform.network_calls import settings

Answer = tuple[int, dict[str, str], bytes]
PENDING = {"x-ms-access-tier": "Archive", "x-ms-archive-status": "rehydrate-pending-to-hot"}
BEING_RESTORED = {"x-ms-error-code": "BlobBeingRehydrated"}


@asynccontextmanager
async def storage(answer: Callable[[str], Answer]) -> AsyncIterator[tuple[BlobStore, list[str]]]:
    """A store whose storage answers so to each request line, and those it got."""
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
        await reader.readexactly(int(length[1]) if length else 0)
        asked.append(head.partition("\r\n")[0])
        status, headers, body = answer(asked[-1])
        lines = [f"HTTP/1.1 {status} Any", "Connection: close", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await writer.drain()
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    blobs = BlobStore(settings(f"127.0.0.1:{listener.sockets[0].getsockname()[1]}"))
    async with listener:
        try:
            yield blobs, asked
        finally:
            await blobs.close()


def batch(*answers: tuple[int, dict[str, str]]) -> Answer:
    """What a batch request gets: an answer for each of its parts."""
    parts = "".join(
        f"--b\r\nContent-Type: application/http\r\nContent-ID: {number}\r\n\r\n"
        f"HTTP/1.1 {status} Any\r\n"
        + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        + "\r\n"
        for number, (status, headers) in enumerate(answers)
    )
    return 202, {"Content-Type": "multipart/mixed; boundary=b"}, f"{parts}--b--\r\n".encode()


async def test_what_is_being_brought_back_is_not_asked_for_again() -> None:
    async with storage(lambda _: (200, PENDING, b"")) as (blobs, asked):
        assert await blob_tiers.bring_back(blobs, "a")
    assert [line.split()[0] for line in asked] == ["HEAD"]


@pytest.mark.parametrize("code", ["BlobArchived", "BlobBeingRehydrated"])
async def test_reading_it_is_refused_once(code: str, pauses: list[float]) -> None:
    async with storage(lambda _: (409, {"x-ms-error-code": code}, b"<Error/>")) as (blobs, asked):
        with pytest.raises(Archived):
            await blobs.get("a")
    assert (len(asked), pauses) == (1, [])


async def test_another_conflict_is_none_of_the_archive() -> None:
    refused = (409, {"x-ms-error-code": "LeaseAlreadyPresent"}, b"<Error/>")
    async with storage(lambda _: refused) as (blobs, _):
        with pytest.raises(Unavailable, match="409"):
            await blobs.get("a")


async def test_asked_for_by_somebody_else_meanwhile_is_fine() -> None:
    answers = batch((202, {}), (409, BEING_RESTORED), (200, {}), (404, {}))
    async with storage(lambda _: answers) as (blobs, asked):
        await blob_tiers.restore(blobs, ["a", "b", "c", "d"])
    assert [line.split()[0] for line in asked] == ["POST"]


@pytest.mark.parametrize("refused", [(409, {"x-ms-error-code": "Other"}), (403, {}), (503, {})])
async def test_what_is_refused_is_said(refused: tuple[int, dict[str, str]]) -> None:
    async with storage(lambda _: batch((202, {}), refused)) as (blobs, _):
        with pytest.raises(Unavailable, match=f"1 of 2 .* status {refused[0]}"):
            await blob_tiers.restore(blobs, ["a", "b"])


def listed(name: str, *properties: str) -> str:
    """A blob in a list, tier and times as Azure writes them."""
    names = ("BlobType", "AccessTier", "ArchiveStatus", "AccessTierChangeTime", "LastAccessTime")
    given = ("BlockBlob", *properties)
    told = "".join(f"<{n}>{p}</{n}>" for n, p in zip(names, given, strict=False) if p)
    return f"<Blob><Name>{name}</Name><Properties>{told}</Properties></Blob>"


EARLY, LATE = "Mon, 05 Jan 2026 10:00:00 GMT", "Tue, 06 Jan 2026 10:00:00 GMT"
BLOBS = (
    listed("archived", "Archive", "", EARLY, EARLY),
    listed("asked", "Archive", "rehydrate-pending-to-hot", EARLY, EARLY),
    listed("back", "Hot", "", LATE, EARLY),
    listed("never read", "Hot", "", LATE),
    listed("read since", "Hot", "", EARLY, LATE),
    listed("cool", "Cool", "", LATE, EARLY),
    listed("hot", "Hot"),
)


async def test_a_list_says_what_waits_and_what_nobody_has_read_since_it_is_back() -> None:
    page = f"<EnumerationResults><Blobs>{''.join(BLOBS)}</Blobs><NextMarker/></EnumerationResults>"
    answer = (200, {"Content-Type": "application/xml"}, page.encode())
    async with storage(lambda _: answer) as (blobs, _):
        (found,) = [page async for page in blob_tiers.list_tiers(blobs, "jobs/1/")]
    assert found == [
        Tier("archived", archived=True, asked=False, unread=False),
        Tier("asked", archived=True, asked=True, unread=False),
        Tier("back", archived=False, asked=False, unread=True),
        Tier("never read", archived=False, asked=False, unread=True),
        Tier("read since", archived=False, asked=False, unread=False),
        Tier("cool", archived=False, asked=False, unread=False),
        Tier("hot", archived=False, asked=False, unread=False),
    ]


async def test_who_keeps_blobs_readable_reads_no_more_than_a_byte() -> None:
    async with storage(lambda _: (206, {}, b"x")) as (blobs, asked):
        await blob_tiers.keep_readable(blobs, [f"a/{number}" for number in range(40)])
    assert len(asked) == 40
    assert {line.split()[0] for line in asked} == {"GET"}
