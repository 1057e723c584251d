"""A file that has to be whole before it can go into an archive."""

import hashlib
import tempfile
from collections.abc import Iterator
from typing import Final, Self
from zlib import crc32

IN_MEMORY: Final = 2**20  # bytes; what is more lies on the machine's own disk
PIECE: Final = 2**20


class Spool:
    """Bytes with their ``size``, ``crc32`` and sha256: written first, then read as a whole.

    A context manager: at its end the bytes are gone.
    """

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - __exit__
        self._digest = hashlib.sha256()
        self.size = 0
        self.crc32 = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self._file.close()

    @property
    def sha256(self) -> str:
        """The hash of what was written so far."""
        return self._digest.hexdigest()

    def write(self, piece: bytes) -> None:
        """Adds to the file.

        Raises:
            OSError: the disk is full.
        """
        self._file.write(piece)
        self._digest.update(piece)
        self.crc32 = crc32(piece, self.crc32)
        self.size += len(piece)

    def pieces(self) -> Iterator[bytes]:
        """All of it, from its beginning."""
        self._file.seek(0)
        while piece := self._file.read(PIECE):
            yield piece
