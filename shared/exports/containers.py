"""Archives that are written in parts: what is before and after a part does not change its bytes.

Files get one time, one owner and one set of rights, so that equal content makes equal archives.
"""

import io
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol
from zlib import crc32

EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say
_EPOCH_SECONDS: Final = 315532800
_RIGHTS: Final = 0o644


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in an archive, as its directory knows it."""

    name: str
    size: int
    crc32: int

    @classmethod
    def of(cls, name: str, body: bytes) -> "Entry":
        """The entry of a file."""
        return cls(name, len(body), crc32(body))


class Container(Protocol):
    """An archive that is being written: what each call returns follows in the file."""

    def add(self, entry: Entry, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """A file, whose bytes come in pieces."""

    def end_part(self) -> bytes:
        """What the end of a part needs: the next one begins with nothing held back."""

    def note(self, entries: Iterable[Entry]) -> None:
        """Tells of files that come before those added here: other parts have them, in order."""

    def end(self, position: int) -> bytes:
        """What comes after all files, which began at the archive's first byte."""


class Zip:
    """A zip; images do not get smaller, so they are stored as they are."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def add(self, entry: Entry, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """A file."""
        self._entries.append(entry)
        yield _zip_info(entry).FileHeader()
        yield from pieces

    def end_part(self) -> bytes:
        """Nothing."""
        return b""

    def note(self, entries: Iterable[Entry]) -> None:
        """Remembers them for the directory."""
        self._entries += entries

    def end(self, position: int) -> bytes:
        """The directory of all files, which stands at ``position``."""
        written = _From(position)
        with zipfile.ZipFile(written, "w") as archive:
            offset = 0
            for entry in self._entries:
                info = _zip_info(entry)
                info.header_offset = offset
                offset += len(info.FileHeader()) + entry.size
                archive.filelist.append(info)
            archive.start_dir = position
        return written.getvalue()


class _From(io.BytesIO):
    """The end of a file whose beginning is elsewhere."""

    def __init__(self, position: int) -> None:
        super().__init__()
        self._position = position

    def tell(self) -> int:
        return self._position + super().tell()

    def seek(self, offset: int, whence: int = 0) -> int:
        return super().seek(offset - self._position if whence == 0 else offset, whence)


def _zip_info(entry: Entry) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(entry.name, EPOCH)
    info.create_system = 3  # Unix, wherever it is written
    info.external_attr = (0o100000 | _RIGHTS) << 16
    info.file_size = info.compress_size = entry.size
    info.CRC = entry.crc32
    return info


class Tar:
    """A tar that every reader knows: USTAR, and PAX only for names that are too long for it."""

    def add(self, entry: Entry, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """A file."""
        info = tarfile.TarInfo(entry.name)
        info.size, info.mtime, info.mode = entry.size, _EPOCH_SECONDS, _RIGHTS
        yield _tar_header(info)
        yield from pieces
        yield bytes(-entry.size % tarfile.BLOCKSIZE)

    def end_part(self) -> bytes:
        """Nothing."""
        return b""

    def note(self, entries: Iterable[Entry]) -> None:
        """Nothing: a tar has no directory."""

    def end(self, position: int) -> bytes:
        """Two empty blocks."""
        return bytes(2 * tarfile.BLOCKSIZE)


def _tar_header(info: tarfile.TarInfo) -> bytes:
    try:
        return info.tobuf(tarfile.USTAR_FORMAT, "utf-8", "strict")
    except ValueError:
        return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict")


class TarZst:
    """A tar in frames of Zstandard, one for each part: every reader takes them for one stream."""

    def __init__(self, level: int) -> None:
        import zstandard

        self._tar = Tar()
        self._new = zstandard.ZstdCompressor(level=level, write_checksum=True).compressobj
        self._frame = self._new()

    def add(self, entry: Entry, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """A file, or what of it was not held back."""
        yield from map(self._frame.compress, self._tar.add(entry, pieces))

    def end_part(self) -> bytes:
        """The rest of the frame."""
        rest = self._frame.flush()
        self._frame = self._new()
        return rest

    def note(self, entries: Iterable[Entry]) -> None:
        """Nothing: a tar has no directory."""

    def end(self, position: int) -> bytes:
        """The end of the tar, and of its frame."""
        return self._frame.compress(self._tar.end(position)) + self.end_part()
