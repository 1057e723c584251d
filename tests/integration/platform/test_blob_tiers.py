"""Archived blobs: not readable, brought back when asked for, whatever becomes of them meanwhile."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from azure.storage.blob.aio import ContainerClient

from shared.platform.data import blob_tiers
from shared.platform.data.blob import BATCH, BlobStore
from shared.platform.errors import Archived

NAMES = [f"jobs/1/images/{number}.jpeg" for number in range(3)]


async def archive(blobs: BlobStore, names: Sequence[str]) -> None:
    """Does what storage's lifecycle does with blobs that nobody reads."""
    container: ContainerClient = blobs.container()
    for start in range(0, len(names), 256):
        await container.set_standard_blob_tier_blobs("Archive", *names[start : start + 256])


@pytest.fixture
async def archived(blobs: BlobStore) -> list[str]:
    for name in NAMES:
        await blobs.put(name, name.encode(), "image/jpeg")
    await archive(blobs, NAMES)
    return NAMES


class TestArchived:
    async def test_cannot_be_read_nor_written_again_and_is_not_tried_again(
        self, blobs: BlobStore, archived: list[str], pauses: list[float]
    ) -> None:
        with pytest.raises(Archived):
            await blobs.get(archived[0])
        with pytest.raises(Archived):
            await anext(aiter(blobs.pieces(archived[0])))
        with pytest.raises(Archived):
            await blobs.put(archived[0], b"other", "image/jpeg")
        assert pauses == []

    async def test_is_brought_back_when_asked_for(
        self, blobs: BlobStore, archived: list[str]
    ) -> None:
        assert await blob_tiers.bring_back(blobs, archived[0])
        assert not await blob_tiers.bring_back(blobs, archived[0])
        assert await blobs.get(archived[0]) == archived[0].encode()
        with pytest.raises(Archived):
            await blobs.get(archived[1])

    async def test_can_be_deleted(self, blobs: BlobStore, archived: list[str]) -> None:
        await blobs.delete(archived)
        assert [name async for name in blobs.names("")] == []

    async def test_what_is_not_there_is_not_archived(self, blobs: BlobStore) -> None:
        assert await blob_tiers.find_tier(blobs, "nothing") is None
        assert not await blob_tiers.bring_back(blobs, "nothing")


class TestRestore:
    async def test_more_than_a_batch_those_that_are_gone_or_there_among_them(
        self, blobs: BlobStore
    ) -> None:
        names = [f"a/{number:03}" for number in range(BATCH + 2)]
        for name in names:
            await blobs.put(name, b"x", "image/jpeg")
        await archive(blobs, names[2:])
        await blobs.delete([names[-1]])
        for _ in range(2):
            await blob_tiers.restore(blobs, names)
        assert {await blobs.get(name) for name in (*names[:3], names[-2])} == {b"x"}

    async def test_nothing_is_no_request(self, blobs: BlobStore) -> None:
        await blobs.close()
        await blob_tiers.restore(blobs, [])


class TestList:
    async def test_says_what_is_archived_page_by_page(
        self, blobs: BlobStore, archived: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(blob_tiers, "LIST_BATCH", 2)
        await blob_tiers.restore(blobs, archived[:1])
        await blobs.put("jobs/10/images/0.jpeg", b"x", "image/jpeg")
        pages = [page async for page in blob_tiers.list_tiers(blobs, "jobs/1/images/")]
        assert [len(page) for page in pages] == [2, 1]
        found = [tier for page in pages for tier in page]
        assert [(tier.name, tier.archived) for tier in found] == [
            (archived[0], False), (archived[1], True), (archived[2], True),
        ]  # fmt: skip


async def test_what_is_gone_or_archived_again_is_passed_over_by_who_reads_a_byte(
    blobs: BlobStore, archived: list[str]
) -> None:
    await blob_tiers.restore(blobs, archived[:1])
    await blob_tiers.keep_readable(blobs, [*archived, "nothing"] * 20)
    assert await blobs.read(archived[0], 0, 1) == archived[0][:1].encode()


@pytest.mark.parametrize(
    ("days", "after", "may"),
    [(1000, 0, False), (0, 1, True), (28, 30, False), (29, 30, True), (365, 36_500, False)],
)
def test_what_is_younger_than_the_lifecycle_says_is_not_asked_about(
    days: int, after: int, may: bool
) -> None:
    written = datetime.now(UTC) - timedelta(days=days, minutes=5)
    assert blob_tiers.may_be_archived(written, after) is may
