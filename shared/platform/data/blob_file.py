"""A blob as a file, for readers that want one: read in a thread, fetched by the event loop."""

import asyncio
import io
from typing import Any

from shared.platform.data.blob import BlobStore


class BlobFile(io.RawIOBase):
    """The blob that had this size and ETag, to be read from any place in any thread but the loop's.

    What storage refuses is raised by whatever reads: `NotFound` when it was written again.
    """

    def __init__(self, blobs: BlobStore, name: str, *, size: int, etag: str) -> None:
        self._blobs, self._name, self.etag = blobs, name, etag
        self._size, self._place = size, 0
        self._loop = asyncio.get_running_loop()

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Goes to a place, and says where that is."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(base + offset, 0)
        return self._place

    def readinto(self, buffer: Any) -> int:
        """Reads into ``buffer``, and says how many bytes."""
        wanted = min(len(buffer), self._size - self._place)
        if wanted <= 0:
            return 0
        reading = self._blobs.read(self._name, self._place, wanted, etag=self.etag)
        data = asyncio.run_coroutine_threadsafe(reading, self._loop).result()
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)
