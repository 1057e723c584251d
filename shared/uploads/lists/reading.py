"""Any list, whatever its form: told by its name and by how it begins."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from shared.uploads.lists.json_values import read_json
from shared.uploads.lists.model import MOST_RECORDS, ListFault, Record
from shared.uploads.lists.parquet import MAGIC, read_parquet
from shared.uploads.lists.tables import read_lines, read_table
from shared.uploads.lists.text import Lines, check_text, unpacked

LOOKED_AT: Final = 64 * 1024
PACKED: Final = ".gz"


@dataclass(frozen=True, slots=True)
class OpenList:
    """A list that is being read, and in what form it is."""

    format: str
    records: Iterator[Record]


def open_list(file: io.BufferedReader, filename: str) -> OpenList:
    """The list in a file that can be read from any place and is buffered by `BUFFER`.

    Raises:
        ListFault: it is no list; its records raise it where that shows later.
    """
    plain = unpacked(file)
    begin = plain.peek(LOOKED_AT)[:LOOKED_AT]
    if not begin:
        raise ListFault("The file is empty.")
    format_ = _format(begin, filename)
    if format_ == "parquet":
        if plain is not file:
            raise ListFault("Parquet files are packed in themselves: upload it as it is.")
        return OpenList(format_, _bounded(read_parquet(plain)))
    check_text(begin)
    if format_ in ("json", "jsonl"):
        return OpenList(format_, _bounded(read_json(plain)))
    lines = Lines(plain)
    separator = {"csv": ",", "tsv": "\t"}.get(format_)
    records = read_table(lines, separator) if separator else read_lines(lines)
    return OpenList(format_, _bounded(records))


def _format(begin: bytes, filename: str) -> str:
    """What begins unmistakably is what it is; of texts the name decides."""
    named = filename.casefold().removesuffix(PACKED).rpartition(".")[2]
    text = begin.removeprefix(b"\xef\xbb\xbf").lstrip()
    if begin.startswith(MAGIC):
        return "parquet"
    if named == "parquet":
        raise ListFault("The file is no Parquet, whatever its name says.")
    if text[:1] == b"{" or (text[:1] == b"[" and named in ("json", "jsonl", "ndjson")):
        return "json" if named == "json" else "jsonl"
    if named in ("json", "jsonl", "ndjson"):
        check_text(begin)
        raise ListFault("The JSON is broken at line 1.")
    if named in ("csv", "tsv", "txt"):
        return named
    first = text.partition(b"\n")[0]
    return "tsv" if b"\t" in first else "csv" if b"," in first else "txt"


def _bounded(records: Iterator[Record]) -> Iterator[Record]:
    empty = True
    for number, record in enumerate(records, 1):
        if number > MOST_RECORDS:
            raise ListFault(f"The list has more than {MOST_RECORDS:,} rows.")
        empty = False
        yield record
    if empty:
        raise ListFault("The list has no rows.")
