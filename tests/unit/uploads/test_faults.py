"""Files that cannot be used as a whole, and what is said of each."""

import gzip
import io
import zipfile
from typing import Any, cast

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.uploads.lists import json_values, model, reading, text
from shared.uploads.lists import parquet as parquet_lists
from shared.uploads.lists.model import ListFault
from shared.uploads.lists.reading import open_list
from tests.unit.uploads.lists import parquet, read

A = "https://a.example/1.jpg"


def zipped() -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("urls.txt", A)
    return written.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("l.txt", b"", "The file is empty."),
        ("l.txt", b"\n \n", "The list has no rows."),
        ("l.csv", b"url,caption\n", "The list has no rows."),
        ("l.json", b"[]", "The list has no rows."),
        ("l.parquet", parquet({"url": pa.array([], pa.string())}), "The list has no rows."),
        ("l.txt", b"\x00\x01\x02", "The file is not text."),
        ("l.csv", b"url\n" + b"\xe9" * 9, "After line 0 the file is not UTF-8 text."),
        ("l.json", b'["\xe9"]', "After line 1 the file is not UTF-8 text."),
        ("l.csv", f"url\n{A}\n".encode("utf-16"), "The file is in UTF-16: save it as UTF-8."),
        ("l.csv", zipped(), "The file is a zip archive, and no list."),
        ("l.csv", b"\xff\xd8\xff\xe0", "The file is an image, and no list."),
        ("l.csv", b"caption,x\na,b\n", "No column is called url; its columns are: 'caption', 'x'."),
        ("l.jsonl", b'{"a": 1}\n', "No column is called url; its columns are: 'a'."),
        ("l.jsonl", b"{}\n", "No column is called url; its columns are: none."),
        ("l.parquet", parquet({"a": [1]}), "No column is called url; its columns are: 'a'."),
        ("l.parquet", parquet({"url": [1]}), "The column url holds no text."),
        ("l.parquet", A.encode(), "The file is no Parquet, whatever its name says."),
        ("l.parquet.gz", gzip.compress(parquet({"url": [A]}), mtime=0),
         "Parquet files are packed in themselves: upload it as it is."),
        ("l.json", A.encode(), "The JSON is broken at line 1."),
        ("l.jsonl", f'{{"url": "{A}"}}\n\n{{"url": "{A}\n'.encode(),
         "The JSON is broken at line 3."),
        ("l.jsonl", f'{{"url": "{A}"}}\n{{"url" "{A}"}}\n'.encode(),
         "The JSON is broken at line 2."),
        ("l.json", f'["{A}",\n"{A}"\n'.encode(),
         "The JSON is broken at line 3: its end is missing."),
        ("l.json", f'["{A}"]\n["{A}"]'.encode(),
         "The JSON is broken at line 2: something follows its end."),
        ("l.json", b"[1]", "Line 1 holds neither an object nor a URL."),
        ("l.json", b"[" * 100_000, "The JSON is broken at line 1."),
        ("l.json", b"[" + b"9" * 5000 + b"]", "The JSON is broken at line 1."),
        ("l.txt.gz", gzip.compress(A.encode() * 99, mtime=0)[:-9], "The packed file is broken."),
        ("l.txt.gz", b"\x1f\x8b" + b"x" * 99, "The packed file is broken."),
        ("l.txt.zst", b"\x28\xb5\x2f\xfd", "The file is packed with zstd, and no list."),
    ],
)  # fmt: skip
def test_is_refused(name: str, content: bytes, said: str) -> None:
    with pytest.raises(ListFault) as caught:
        read(content, name)
    assert str(caught.value) == said


class Endless(io.RawIOBase):
    """A file without an end, after how it begins; counts what was read of it."""

    def __init__(self, begin: bytes, filling: bytes = b"x") -> None:
        self._begin, self._filling = begin, filling
        self.read_bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = (self._begin + self._filling * len(buffer))[: len(buffer)]
        self._begin = self._begin[len(buffer) :]
        buffer[:] = data
        self.read_bytes += len(data)
        return len(data)


@pytest.mark.parametrize(
    ("name", "begin", "said"),
    [
        ("l.txt", b"", "Line 1 is longer than 1,048,576 characters."),
        ("l.csv", b"url\n", "Line 2 is longer than 1,048,576 characters."),
        ("l.json", b'[\n"', "What begins in line 2 is too large."),
        ("l.jsonl", b'{"url": "', "What begins in line 1 is too large."),
    ],
)
def test_a_value_of_a_gigabyte_is_not_read_to_its_end(name: str, begin: bytes, said: str) -> None:
    file = Endless(begin)
    with pytest.raises(ListFault, match=said.replace(".", r"\.")):
        list(open_list(io.BufferedReader(cast(Any, file)), name).records)
    assert file.read_bytes < 20 * 2**20


@pytest.mark.parametrize("filling", [b"x", b"x\n"])
def test_a_quote_that_is_never_closed_is_not_read_to_its_end(filling: bytes) -> None:
    file = Endless(f'url,caption\n{A},ok\n{A},"'.encode(), filling)
    with pytest.raises(ListFault, match="Line 3 "):
        list(open_list(io.BufferedReader(cast(Any, file)), "l.csv").records)
    assert file.read_bytes < 4 * 2**20


@pytest.mark.parametrize("name", ["l.txt", "l.csv", "l.jsonl", "l.parquet"])
def test_a_list_with_too_many_rows(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for module in (model, reading, parquet_lists):
        monkeypatch.setattr(module, "MOST_RECORDS", 3)
    content = {
        "l.txt": b"x\n" * 4, "l.csv": b"url\n" + b"x\n" * 4, "l.jsonl": b'{"url": "x"}\n' * 4,
        "l.parquet": parquet({"url": ["x"] * 4}),
    }[name]  # fmt: skip
    with pytest.raises(ListFault, match="rows"):
        read(content, name)
    monkeypatch.setattr(reading, "MOST_RECORDS", 4)
    monkeypatch.setattr(parquet_lists, "MOST_RECORDS", 4)
    assert len(read(content, name)) == 4


def test_a_bomb_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "MOST_UNPACKED", 2**20)
    bomb = gzip.compress(b"https://a.example/\n" * 2**17)
    assert len(bomb) < 2**14
    with pytest.raises(ListFault, match="Unpacked, the file has more than 1 MiB"):
        read(bomb, "l.txt")


def test_a_bomb_in_parquet_is_seen_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = parquet({"url": ["x" * 2**20 + str(n) for n in range(4)]}, use_dictionary=False)
    monkeypatch.setattr(parquet_lists, "MOST_IN_CHUNK", 2**21)
    assert len(bomb) < 2**20
    with pytest.raises(ListFault, match="The column url is too large once it is unpacked: 4 MiB"):
        read(bomb, "l.parquet")


def test_a_large_value_repeated_is_in_memory_once() -> None:
    once = pa.array(["x" * 2**20])
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 100_000), once)
    content = parquet({"url": column})
    assert len(content) < 2**21
    records = read(content, "l.parquet")
    assert len(records) == 100_000
    assert len({id(record.url) for record in records}) <= 100  # one a batch


@pytest.mark.parametrize("cut", [4, 12, 100, -1, -8])
def test_parquet_that_was_cut_short_is_broken(cut: int) -> None:
    with pytest.raises(ListFault, match="Parquet file is broken"):
        read(parquet({"url": [A] * 50})[:cut], "l.parquet")


def read_or_refused(content: bytes, name: str) -> object:
    """Its records, or why there are none."""
    try:
        return read(content, name)
    except ListFault as fault:
        return str(fault)


@given(
    content=st.binary(max_size=200) | st.text(max_size=100).map(str.encode),
    name=st.sampled_from(["l.txt", "l.csv", "l.tsv", "l.json", "l.jsonl", "l.parquet", "l.gz"]),
)
def test_whatever_it_is_it_is_read_or_refused(content: bytes, name: str) -> None:
    assert read_or_refused(content, name)


@given(st.data())
def test_damaged_lists_are_read_or_refused(data: st.DataObject) -> None:
    whole = {
        "l.parquet": parquet({"url": [A] * 20, "label": ["cat", "dog"] * 10}),
        "l.jsonl": f'{{"url": "{A}", "label": "cat"}}\n'.encode() * 9,
        "l.gz": gzip.compress(f"{A}\n".encode() * 9),
    }
    name = data.draw(st.sampled_from(sorted(whole)))
    content = bytearray(whole[name])
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=5)):
        content[place] = data.draw(st.integers(0, 255))
    assert read_or_refused(bytes(content), name)


def test_many_shapes_of_objects_are_forgotten_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_values, "MOST_SHAPES", 3)
    content = "".join(f'{{"url": "{A}", "c{n}": 1}}\n' for n in range(50)) + '{"x": 1}'
    assert [record.url for record in read(content, "l.jsonl")] == [A] * 50 + [""]
