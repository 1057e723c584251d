"""Lists in the forms that people keep them in, and what each one says."""

import csv
import io
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.uploads.lists.model import Record
from tests.unit.uploads.lists import PACKERS, form_of, parquet, read

A, B = "https://a.example/1.jpg", "https://b.example/2.png?size=1,2"
TWO = [Record(2, A, "A cat", "cc0", "cat"), Record(3, B, "", "", "dog")]
COLUMNS = ["url", "caption", "license", "label"]


class TestForms:
    def test_text_has_a_url_a_line(self) -> None:
        assert read(f"{A}\r\n\n  {B}  \n", "urls.txt") == [Record(1, A), Record(3, B)]

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("l.csv", f'url,caption,license,label\n{A},A cat,cc0,cat\n"{B}",,,dog\n'),
            ("l.csv", f"\ufeffURL;TEXT;LICENSE;class\r\n{A};A cat;cc0;cat\r\n{B};;;dog"),
            ("l.tsv", f"label\timage_url\ttext\tlicence\ncat\t{A}\tA cat\tcc0\ndog\t{B}\t\t\n"),
            ("l", f'Image URL,Alt-Text,Rights,Category\n{A},A cat,cc0,cat\n"{B}",,,dog\n'),
        ],
        ids=["csv", "excel", "tsv", "by content"],
    )
    def test_tables_have_the_columns_of_their_header(self, name: str, content: str) -> None:
        assert read(content, name) == TWO

    def test_the_usual_name_of_a_column_goes_first(self) -> None:
        assert read(f"text,link,url,caption\nx,y,{A},z\n", "l.csv") == [Record(2, A, "z")]

    def test_rows_that_are_too_short_lack_what_is_missing(self) -> None:
        assert read(f"caption,url,label\nx,{A}\ny\n", "l.csv") == [
            Record(2, A, "x"),
            Record(3, "", "y"),
        ]

    def test_a_cell_may_have_several_lines(self) -> None:
        content = f'url,caption\n{A},"a\nb"\n{B.partition("?")[0]},c\n'
        assert [(record.line, record.caption) for record in read(content, "l.csv")] == [
            (2, "a\nb"),
            (4, "c"),
        ]

    def test_a_table_without_a_header_is_known_by_its_urls(self) -> None:
        """As Conceptual Captions comes."""
        assert read(f"a cat\t{A}\na dog\t{B}\n", "cc3m.tsv") == [
            Record(1, A, "a cat"),
            Record(2, B, "a dog"),
        ]

    @pytest.mark.parametrize(
        "content",
        [
            '[\n{"url": "%s", "TEXT": "A cat", "n": 1},\n{"url": "%s", "TEXT": null}]\n',
            '{"other": [1],\n"url": "%s", "TEXT": "A cat"}\n{"url": "%s", "TEXT": NaN}',
        ],
        ids=["array", "lines"],
    )
    @pytest.mark.parametrize("name", ["l.json", "l.jsonl", "l.ndjson", "l.txt"])
    def test_json_has_an_object_a_row(self, name: str, content: str) -> None:
        if name == "l.txt" and content[0] == "[":
            name = "l.json"
        first, second = read(content % (A, B), name)
        assert (first.url, first.caption) == (A, "A cat")
        assert (second.url, second.caption) == (B, None)
        assert second.line == 3

    @pytest.mark.parametrize(
        "value",
        [
            [A, B],
            {"url": [A, B]},
            {"url": {"0": A, "1": B}, "caption": {"0": "x", "1": None}, "by": "me"},
            {"image_urls": [A, B], "captions": ["x", "y"]},
        ],
    )
    def test_json_may_be_an_array_of_urls_or_an_object_of_columns(self, value: object) -> None:
        assert [record.url for record in read(json.dumps(value), "l.json")] == [A, B]

    def test_an_object_without_a_url_is_a_row_without_one(self) -> None:
        content = f'{{"url": "{A}"}}\n{{"id": 1}}\n{{"url": 5}}\n'
        assert [record.url for record in read(content, "l.jsonl")] == [A, "", ""]

    def test_parquet_has_columns(self) -> None:
        content = parquet({
            "URL": [A, None], "TEXT": ["A cat", None], "id": [1, 2], "label": ["cat", "dog"],
        })  # fmt: skip
        assert read(content, "laion.parquet") == [
            Record(1, A, "A cat", None, "cat"),
            Record(2, "", None, None, "dog"),
        ]

    def test_parquet_with_columns_that_are_no_text_has_only_the_others(self) -> None:
        content = parquet({"url": [A], "label": [1], "caption": [["a"]]})
        assert read(content, "l.parquet") == [Record(1, A)]

    @pytest.mark.parametrize("packing", PACKERS)
    def test_texts_may_be_packed(self, packing: str) -> None:
        content = PACKERS[packing](f"{A}\n{B}\n".encode())
        assert [record.url for record in read(content, f"l.txt{packing}")] == [A, B]

    @pytest.mark.parametrize(
        ("content", "name", "form"),
        [
            (parquet({"url": [A]}), "l.csv", "parquet"),
            (f'{{"url": "{A}"}}', "l.csv", "jsonl"),
            (f'  \n[{{"url": "{A}"}}]', "L.JSON", "json"),
            (f"{A}\n", "l.TXT.gz", "txt"),
            (f"{A},x\n", "l.txt", "txt"),
            (f"{A}\n", "", "txt"),
            (f"{A}\tx\n", "l", "tsv"),
        ],
    )
    def test_what_begins_unmistakably_is_what_it_is(
        self, content: bytes | str, name: str, form: str
    ) -> None:
        assert form_of(content, name) == form


def as_csv(rows: list[dict[str, str]], separator: str = ",") -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, delimiter=separator)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


WRITERS: dict[str, Callable[[list[dict[str, str]]], bytes]] = {
    "l.csv": as_csv,
    "l.tsv": lambda rows: as_csv(rows, "\t"),
    "l.json": lambda rows: json.dumps(rows, indent=1).encode(),
    "l.jsonl": lambda rows: "\n".join(map(json.dumps, rows)).encode(),
    "l.parquet": lambda rows: parquet({name: [row[name] for row in rows] for name in COLUMNS}),
}
# Lone carriage returns are what old Macs end lines with: no writer of tables keeps them apart.
CELL = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=20)
ROWS = st.lists(st.fixed_dictionaries(dict.fromkeys(COLUMNS, CELL)), min_size=1, max_size=20)


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("packing", PACKERS)
@given(rows=ROWS)
def test_what_was_written_is_read(name: str, packing: str, rows: list[dict[str, str]]) -> None:
    rows = [{**row, "url": f"https://a.example/{row['url']}"} for row in rows]
    if name == "l.parquet":
        packing = ""
    found = read(PACKERS[packing](WRITERS[name](rows)), name + packing)
    assert [{column: getattr(record, column) for column in COLUMNS} for record in found] == rows


@given(rows=ROWS)
def test_lines_only_grow(rows: list[dict[str, str]]) -> None:
    for name in ("l.csv", "l.json", "l.jsonl"):
        urls = [{**row, "url": A} for row in rows]
        lines = [record.line for record in read(WRITERS[name](urls), name)]
        assert lines == sorted(lines)
