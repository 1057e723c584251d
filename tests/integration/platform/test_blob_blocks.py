"""Large blobs: written block by block, read piece by piece."""

import pytest

from shared.platform.data.blob import PIECE, BlobStore
from shared.platform.errors import NotFound, Unavailable


async def read(blobs: BlobStore, name: str, start: int = 0) -> bytes:
    return b"".join([piece async for piece in blobs.pieces(name, start=start)])


class TestBlocks:
    async def test_joined_in_the_order_given_whatever_order_they_came_in(
        self, blobs: BlobStore
    ) -> None:
        for block, data in (("2", b"two"), ("0", b"zero"), ("1", b"?"), ("1", b"one")):
            await blobs.put_block("a.bin", block, data)
        await blobs.join("a.bin", ["0", "1", "2"], "application/zip")
        assert await read(blobs, "a.bin") == b"zeroonetwo"

    async def test_joined_again_it_is_the_same(self, blobs: BlobStore) -> None:
        await blobs.put_block("a.bin", "0", b"zero")
        for _ in range(2):
            await blobs.join("a.bin", ["0"], "application/zip")
        assert await read(blobs, "a.bin") == b"zero"

    async def test_without_one_of_its_blocks_there_is_no_blob(self, blobs: BlobStore) -> None:
        await blobs.put_block("a.bin", "0", b"zero")
        with pytest.raises(Unavailable):
            await blobs.join("a.bin", ["0", "1"], "application/zip")
        with pytest.raises(NotFound):
            await read(blobs, "a.bin")


class TestPieces:
    @pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE])
    async def test_gives_every_byte(self, blobs: BlobStore, size: int) -> None:
        written = bytes(range(251)) * (size // 251 + 1)
        await blobs.put("a.bin", written[:size], "application/zip")
        assert await read(blobs, "a.bin") == written[:size]

    async def test_goes_on_from_where_it_is_told(self, blobs: BlobStore) -> None:
        await blobs.put("a.bin", b"0123456789", "application/zip")
        assert await read(blobs, "a.bin", start=4) == b"456789"

    async def test_what_is_not_there_is_not_found(self, blobs: BlobStore) -> None:
        with pytest.raises(NotFound):
            await read(blobs, "a.bin")
