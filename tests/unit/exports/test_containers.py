"""Archives written in parts: what Python's own readers find in them, and the same bytes always."""

import io
import tarfile
import zipfile
from collections.abc import Callable
from zlib import crc32

import pytest
import zstandard

from shared.exports.containers import Container, Entry, Tar, TarZst, Zip

FILES = [(f"train/Émile {n}/{'x' * n}.jpg", bytes([n]) * (n * 300)) for n in range(120)]
MAKERS: dict[str, Callable[[], Container]] = {
    "zip": Zip,
    "tar": Tar,
    "tar.zst": lambda: TarZst(10),
}


def written(kind: str, sizes: list[int]) -> bytes:
    """An archive of all files, of parts of these sizes, each written by a writer of its own."""
    parts: list[bytes] = []
    entries, files = [], iter(FILES)
    for size in sizes:
        container = MAKERS[kind]()
        for _, (name, body) in zip(range(size), files, strict=False):
            entries.append(Entry.of(name, body))
            parts += container.add(entries[-1], [body[:99], body[99:]])
        parts.append(container.end_part())
    content = b"".join(parts)
    last = MAKERS[kind]()
    last.note(entries)
    return content + last.end(len(content))


def read(kind: str, content: bytes) -> dict[str, bytes]:
    if kind == "zip":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert archive.testzip() is None
            return {name: archive.read(name) for name in archive.namelist()}
    if kind == "tar.zst":
        content = zstandard.open(io.BytesIO(content), "rb").read()
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return {
            member.name: file.read() for member in archive if (file := archive.extractfile(member))
        }


@pytest.mark.parametrize("kind", MAKERS)
class TestContainers:
    def test_every_file_is_there(self, kind: str) -> None:
        assert read(kind, written(kind, [50, 1, 69])) == dict(FILES)

    def test_the_same_parts_have_the_same_bytes(self, kind: str) -> None:
        assert written(kind, [50, 70]) == written(kind, [50, 70])

    def test_an_archive_of_nothing_can_be_read(self, kind: str) -> None:
        assert read(kind, MAKERS[kind]().end(0)) == {}


class TestZip:
    def test_beyond_four_gigabytes_the_directory_is_of_64_bits(self) -> None:
        entries = [Entry(f"{n}", 2**30, n) for n in range(5)]
        offsets = [n * (2**30 + 31) for n in range(6)]
        archive = Zip()
        archive.note(entries)
        directory = archive.end(offsets[5])
        with zipfile.ZipFile(_Behind(offsets[5], directory)) as read_back:
            assert [info.header_offset for info in read_back.infolist()] == offsets[:5]

    def test_equal_content_has_equal_bytes_whatever_the_system(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sys.platform", "win32")
        there = list(Zip().add(Entry("a", 1, crc32(b"x")), [b"x"]))
        monkeypatch.undo()
        assert there == list(Zip().add(Entry("a", 1, crc32(b"x")), [b"x"]))


class _Behind(io.BytesIO):
    """The end of a file of which the rest is not there."""

    def __init__(self, position: int, end: bytes) -> None:
        super().__init__(end)
        self._position = position

    def seek(self, offset: int, whence: int = 0) -> int:
        moved = max(offset - self._position, 0) if whence == 0 else offset
        return super().seek(moved, whence) + self._position

    def tell(self) -> int:
        return super().tell() + self._position


class TestTar:
    def test_a_name_that_is_too_long_for_the_old_form_is_kept(self) -> None:
        name = f"train/{'é' * 140}/{'a' * 64}.jpg"
        content = b"".join(Tar().add(Entry.of(name, b"x"), [b"x"])) + Tar().end(0)
        assert read("tar", content) == {name: b"x"}
