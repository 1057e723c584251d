"""Archives of pictures, zip and tar: their members one by one, none of them unpacked beside us."""

import io
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Any, Final, Literal, TypeAlias, cast

from shared.imaging.judge import sniff
from shared.uploads.lists.model import ListFault

Fault: TypeAlias = Literal[
    "bad_name", "link", "too_large", "nested_archive", "not_an_image", "unreadable"
]
MOST_MEMBERS: Final = 100_000
MOST_UNPACKED: Final = 4 * 2**30  # bytes of all members
LARGEST: Final = 10 * 2**20  # bytes of one, as of a download
LONGEST_NAME: Final = 500
MOST_AT_ONCE: Final = 16 * 2**20  # what a directory or a header may have us take into memory
_ARCHIVES: Final = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar")
# The others have the reader take as much memory as the file says.
_PACKINGS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BROKEN: Final = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, OSError, EOFError, ValueError,
    NotImplementedError, RuntimeError, OverflowError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Member:
    """A file of an archive, by its number; its bytes, or why they are of no use."""

    number: int
    path: str
    body: bytes = b""
    fault: Fault | None = None

    @property
    def label(self) -> str:
        """What the folder is called that it lies in; nothing at the top."""
        return PurePosixPath(self.path).parent.name


def read_archive(file: io.BufferedReader, *, skip: int = 0) -> Iterator[Member]:
    """The files of an archive after the first ``skip``.

    Raises:
        ListFault: it is none, broken, encrypted or too large as a whole.
    """
    begin = file.peek(512)
    if begin.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        form = "zip"
    elif begin[257:262] == b"ustar":
        form = "tar"
    elif begin.startswith(b"\x1f\x8b"):
        raise ListFault("The archive is packed with gzip: pictures gain nothing, send the tar.")
    else:
        raise ListFault("The file is no zip and no tar archive.")
    guarded = _Guarded(file)
    members = _zip_members(guarded, skip) if form == "zip" else _tar_members(guarded, skip)
    left = MOST_UNPACKED
    number = skip
    try:
        for number, member in enumerate(members, skip + 1):
            left -= len(member.body)
            if number > MOST_MEMBERS:
                raise ListFault(f"The archive has more than {MOST_MEMBERS:,} files.")
            if left < 0:
                raise ListFault(f"Unpacked, the files have more than {MOST_UNPACKED >> 30} GiB.")
            yield member
    except _BROKEN as error:
        raise ListFault(f"The archive is broken after file {number}.") from error
    if number == 0:
        raise ListFault("The archive has no files.")


def _zip_members(file: "_Guarded", skip: int) -> Iterator[Member]:
    with zipfile.ZipFile(file) as archive:
        files = [info for info in archive.infolist() if not info.is_dir()]
        if len(files) > MOST_MEMBERS:
            raise ListFault(f"The archive has {len(files):,} files; {MOST_MEMBERS:,} are too many.")
        if any(info.flag_bits & 1 for info in files):
            raise ListFault("The archive is encrypted.")
        for number, info in enumerate(files[skip:], skip + 1):
            if fault := _zip_fault(info):
                yield Member(number, info.filename, fault=fault)
            else:
                yield _read_zipped(archive, info, number)


def _zip_fault(info: zipfile.ZipInfo) -> Fault | None:
    if info.external_attr >> 28 == 0o12:  # as Unix has it in the upper half
        return "link"
    if info.compress_type not in _PACKINGS:
        return "unreadable"
    return _fault_of(info.filename, info.file_size)


def _read_zipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo, number: int) -> Member:
    try:
        with archive.open(info) as packed:
            return _looked_at(number, info.filename, packed)
    except _BROKEN:
        return Member(number, info.filename, fault="unreadable")


def _tar_members(file: "_Guarded", skip: int) -> Iterator[Member]:
    with tarfile.open(fileobj=file, mode="r:", errors="replace") as archive:
        number = 0
        while info := archive.next():
            cast(Any, archive).members = []  # it would keep them all
            if info.isdir():
                continue
            number += 1
            if number <= skip:
                continue
            fault: Fault | None = None if info.isreg() else "link"
            if fault := fault or _fault_of(info.name, info.size):
                yield Member(number, info.name, fault=fault)
            elif packed := archive.extractfile(info):
                yield _looked_at(number, info.name, packed)


def _fault_of(path: str, size: int) -> Fault | None:
    parts = path.split("/")
    if (
        len(path) > LONGEST_NAME
        or not path.isprintable()
        or "\\" in path
        or ".." in parts
        or path.startswith("/")
        or ":" in parts[0]
    ):
        return "bad_name"
    if path.casefold().endswith(_ARCHIVES):
        return "nested_archive"
    return "too_large" if size > LARGEST else None


def _looked_at(number: int, path: str, packed: IO[bytes]) -> Member:
    body = packed.read(LARGEST + 1)
    if len(body) > LARGEST:
        return Member(number, path, fault="too_large")
    return Member(number, path, body) if sniff(body) else Member(number, path, fault="not_an_image")


class _Guarded(io.RawIOBase):
    """The file, of which nobody takes more into memory at once than is decent."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def read(self, size: int = -1) -> Any:
        data = self._file.read(size) if 0 <= size <= MOST_AT_ONCE else b""
        if size < 0:  # all that is left: zipfile asks so for the last pages
            data = self._file.read(MOST_AT_ONCE + 1)
        if size > MOST_AT_ONCE or len(data) > MOST_AT_ONCE:
            raise ListFault("The directory of the archive, or a name in it, is too large.")
        return data
