"""Writing a large blob a block at a time, while its bytes are made."""

import asyncio
import hashlib

from shared.platform.data.blob import BlobStore

BLOCK = 4 * 2**20


class BlockWriter:
    """Part ``part`` of a blob: its blocks are kept until the whole blob is joined of its parts.

    The same bytes written again make the same blocks. ``size`` is that of what was written so far,
    and so is ``digest``, its sha256, if the part is ``hashed``.
    """

    def __init__(self, blobs: BlobStore, name: str, part: int, *, hashed: bool = False) -> None:
        self._blobs = blobs
        self._name = name
        self._part = part
        self._pending = bytearray()
        self.blocks = 0
        self.size = 0
        self._hashed = hashed
        self.digest = hashlib.sha256()

    async def write(self, data: bytes) -> None:
        """Adds to the part.

        Raises:
            Unavailable: storage refused a block, or did not answer at any try.
        """
        self._pending += data
        self.size += len(data)
        if self._hashed:  # some milliseconds, and others wait for this loop
            await asyncio.to_thread(self.digest.update, data)
        while len(self._pending) >= BLOCK:
            await self._put(bytes(self._pending[:BLOCK]))
            del self._pending[:BLOCK]

    async def close(self) -> None:
        """Keeps what is left.

        Raises:
            Unavailable: storage refused a block, or did not answer at any try.
        """
        if self._pending:
            await self._put(bytes(self._pending))
            self._pending.clear()

    async def join(self, content_type: str) -> None:
        """Makes a blob of this part alone.

        Raises:
            Unavailable: storage refused it, or did not answer at any try.
        """
        await self.close()
        await self._blobs.join(self._name, block_names(self._part, self.blocks), content_type)

    async def _put(self, block: bytes) -> None:
        await self._blobs.put_block(self._name, _block_name(self._part, self.blocks), block)
        self.blocks += 1


def block_names(part: int, blocks: int) -> list[str]:
    """The names of a part's blocks, in order."""
    return [_block_name(part, number) for number in range(blocks)]


def _block_name(part: int, number: int) -> str:
    return f"{part:08}-{number:08}"
