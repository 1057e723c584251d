"""Archives of pictures: what is taken out of them, and what never is."""

import gzip
import io
import struct
import tarfile
import zipfile
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.uploads import archives
from shared.uploads.archives import Member, read_archive
from shared.uploads.lists.model import ListFault

PNG = b"\x89PNG\r\n\x1a\n and what follows"
Files = Sequence[tuple[str, bytes]]


def as_zip(files: Files) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files:
            archive.writestr(name, body)
    return written.getvalue()


def as_tar(files: Files, *others: tarfile.TarInfo) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for name, body in files:
            info = tarfile.TarInfo(name)
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
        for other in others:
            archive.addfile(other)
    return written.getvalue()


FORMS: dict[str, Callable[[Files], bytes]] = {"zip": as_zip, "tar": as_tar}


def read(content: bytes, *, skip: int = 0) -> list[Member]:
    return list(read_archive(io.BufferedReader(io.BytesIO(content)), skip=skip))


def faults(content: bytes) -> list[str | None]:
    return [member.fault for member in read(content)]


@pytest.mark.parametrize("form", FORMS)
class TestMembers:
    def test_are_named_by_their_folder(self, form: str) -> None:
        files = [("top.png", PNG), ("train/cat/1.png", PNG + b"1"), ("dog/2.png", PNG)]
        members = read(FORMS[form](files))
        assert [(m.number, m.path, m.body) for m in members] == [
            (number, *file) for number, file in enumerate(files, 1)
        ]
        assert [member.label for member in members] == ["", "cat", "dog"]

    def test_are_read_on_from_where_it_was_stopped(self, form: str) -> None:
        content = FORMS[form]([(f"{n}.png", PNG) for n in range(7)])
        for skip in range(7):
            assert read(content, skip=skip) == read(content)[skip:]

    @pytest.mark.parametrize(
        ("name", "body", "fault"),
        [
            ("/etc/1.png", PNG, "bad_name"), ("../1.png", PNG, "bad_name"),
            ("a/../../1.png", PNG, "bad_name"), ("a\\1.png", PNG, "bad_name"),
            ("c:/1.png", PNG, "bad_name"), ("a\n.png", PNG, "bad_name"),
            (f"{'x' * 501}.png", PNG, "bad_name"),
            ("more.zip", as_zip([("1.png", PNG)]), "nested_archive"),
            ("more.tar.GZ", b"", "nested_archive"),
            ("readme.txt", b"hello", "not_an_image"), ("empty.png", b"", "not_an_image"),
            ("page.png", b"<html>", "not_an_image"),
            ("large.png", PNG + bytes(archives.LARGEST), "too_large"),
        ],
    )  # fmt: skip
    def test_that_are_of_no_use_say_why(
        self, form: str, name: str, body: bytes, fault: str
    ) -> None:
        files = [("cat/1.png", PNG), (name, body), ("cat/2.png", PNG)]
        assert faults(FORMS[form](files)) == [None, fault, None]

    def test_too_many_are_refused(self, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
        content = FORMS[form]([(f"{n}.png", PNG) for n in range(4)])
        monkeypatch.setattr(archives, "MOST_MEMBERS", 3)
        with pytest.raises(ListFault, match="files"):
            read(content)
        monkeypatch.setattr(archives, "MOST_MEMBERS", 4)
        assert len(read(content)) == 4

    def test_too_much_is_refused(self, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(archives, "MOST_UNPACKED", 2**20)
        content = FORMS[form]([(f"{n}.png", PNG + bytes(2**19)) for n in range(3)])
        with pytest.raises(ListFault, match="Unpacked"):
            read(content)

    def test_none_are_refused(self, form: str) -> None:
        with pytest.raises(ListFault):
            read(FORMS[form]([]))

    @given(data=st.data())
    def test_of_a_damaged_archive_are_read_or_refused(self, form: str, data: st.DataObject) -> None:
        content = bytearray(FORMS[form]([("cat/1.png", PNG), ("dog/2.png", PNG)]))
        for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=5)):
            content[place] = data.draw(st.integers(0, 255))
        assert read_or_refused(bytes(content))

    @given(share=st.floats(0, 0.9))
    def test_of_an_archive_that_was_cut_short_are_read_or_refused(
        self, form: str, share: float
    ) -> None:
        content = FORMS[form]([("cat/1.png", PNG), ("dog/2.png", PNG)])
        assert read_or_refused(content[: int(len(content) * share)])


def read_or_refused(content: bytes) -> object:
    try:
        return read(content)
    except ListFault as fault:
        return str(fault)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE])
def test_links_and_devices_are_never_followed(kind: bytes) -> None:
    info = tarfile.TarInfo("cat/1.png")
    info.type, info.linkname = kind, "/etc/passwd"
    assert faults(as_tar([("2.png", PNG)], info)) == [None, "link"]


def test_links_in_a_zip_are_never_followed() -> None:
    link = zipfile.ZipInfo("cat/1.png")
    link.external_attr = 0o120777 << 16
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert faults(written.getvalue()) == ["link"]


@pytest.mark.parametrize("packing", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_packings_that_say_how_much_memory_they_need_are_not_read(packing: int) -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", packing) as archive:
        archive.writestr("1.png", PNG)
    assert faults(written.getvalue()) == ["unreadable"]


def test_folders_are_no_files() -> None:
    folder = tarfile.TarInfo("cat")
    folder.type = tarfile.DIRTYPE
    assert len(read(as_tar([("cat/1.png", PNG)], folder))) == 1
    assert len(read(as_zip([("cat/", b""), ("cat/1.png", PNG)]))) == 1


def encrypted() -> bytes:
    content = bytearray(as_zip([("1.png", PNG)]))
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(magic) + offset] |= 1
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The file is no zip and no tar archive."),
        (PNG, "The file is no zip and no tar archive."),
        (encrypted(), "The archive is encrypted."),
        (gzip.compress(as_tar([("1.png", PNG)]), mtime=0),
         "The archive is packed with gzip: pictures gain nothing, send the tar."),
        (as_zip([("1.png", PNG)])[:-30], "The archive is broken after file 0."),
    ],
)  # fmt: skip
def test_what_is_none_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(ListFault) as caught:
        read(content)
    assert str(caught.value) == said


def test_a_file_that_lies_about_its_size_is_read_no_further() -> None:
    content = bytearray(as_zip([("1.png", PNG + bytes(3 * archives.LARGEST))]))
    entry = content.index(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = struct.pack("<I", 100)
    assert faults(bytes(content)) in (["unreadable"], ["too_large"])


def test_a_name_of_gigabytes_is_not_read() -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 2**31
    with pytest.raises(ListFault, match="too large"):
        read(info.tobuf(tarfile.GNU_FORMAT) + bytes(1024))
