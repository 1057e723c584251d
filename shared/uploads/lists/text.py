"""The lines of a text file, none of which is longer than memory bears."""

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from typing import IO, Any, Final

from shared.uploads.lists.model import LONGEST_LINE, MOST_UNPACKED, ListFault

BUFFER: Final = 2**20
GZIP: Final = b"\x1f\x8b"
_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Beginnings of files that are sent by mistake, or under another name.
_OTHERS: Final = {
    b"PK": "a zip archive", b"%PDF": "a PDF", b"\xd0\xcf\x11\xe0": "an Office document",
    b"\x89PNG": "an image", b"\xff\xd8\xff": "an image", b"GIF8": "an image",
    b"7z\xbc\xaf": "a 7z archive", b"Rar!": "a rar archive", b"BZh": "packed with bzip2",
    b"\xfd7zXZ": "packed with xz", b"\x28\xb5\x2f\xfd": "packed with zstd", b"SQLite": "a database",
}  # fmt: skip


def unpacked(file: io.BufferedReader) -> io.BufferedReader:
    """The file, without the gzip around it."""
    if file.peek(len(GZIP)).startswith(GZIP):
        return io.BufferedReader(_Bounded(gzip.GzipFile(fileobj=file)), BUFFER)
    return file


def check_text(begin: bytes) -> None:
    """Looks at how a file begins.

    Raises:
        ListFault: it is no text, or not in UTF-8.
    """
    for magic, what in _OTHERS.items():
        if begin.startswith(magic):
            raise ListFault(f"The file is {what}, and no list.")
    if begin.startswith(_UTF_16):
        raise ListFault("The file is in UTF-16: save it as UTF-8.")
    if b"\0" in begin:
        raise ListFault("The file is not text.")


class Lines:
    """A text file by its lines; ``number`` is that of the last one."""

    def __init__(self, file: IO[bytes]) -> None:
        self._text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        """Every line with its end.

        Raises:
            ListFault: a line is too long, or not UTF-8.
        """
        while line := self._line():
            self.number += 1
            yield line

    def _line(self) -> str:
        try:
            line = self._text.readline(LONGEST_LINE)
        except UnicodeDecodeError as error:
            raise ListFault(f"After line {self.number} the file is not UTF-8 text.") from error
        if len(line) == LONGEST_LINE:
            raise ListFault(f"Line {self.number + 1} is longer than {LONGEST_LINE:,} characters.")
        return line


class _Bounded(io.RawIOBase):
    """What comes out of a packed file, as long as it is no bomb."""

    def __init__(self, packed: gzip.GzipFile) -> None:
        self._packed = packed
        self._left = MOST_UNPACKED

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._packed.read(len(buffer))
        except (OSError, EOFError, zlib.error) as error:
            raise ListFault("The packed file is broken.") from error
        self._left -= len(data)
        if self._left < 0:
            raise ListFault(f"Unpacked, the file has more than {MOST_UNPACKED // 2**20} MiB.")
        buffer[: len(data)] = data
        return len(data)
