"""Lists as plain text: a URL a line, or columns set apart by commas, semicolons or tabs."""

import csv
from collections.abc import Iterator
from itertools import chain
from typing import Final

from shared.uploads.lists.model import ListFault, Record, columns_of
from shared.uploads.lists.text import Lines

_WEB: Final = ("http://", "https://")


def read_lines(lines: Lines) -> Iterator[Record]:
    """The URLs of a file that has one a line; empty lines are none."""
    for line in lines:
        if url := line.strip():
            yield Record(lines.number, url)


def read_table(lines: Lines, separator: str) -> Iterator[Record]:
    """The rows of a table, whose first line says what its columns are.

    Where it does not but holds a URL itself, that column has the URLs; of two the other one has
    the captions.
    """
    source = iter(lines)
    first = next(source, "")
    if separator == "," and ";" in first and "," not in first:
        separator = ";"
    # Its own limit on a field, 131,072 characters, also ends a quote that is never closed.
    reader = csv.reader(chain([first], source), delimiter=separator)
    begins = 1
    columns: dict[str, int] | None = None
    try:
        for row in reader:
            if any(row):
                if columns is None:
                    columns, is_header = _columns(row)
                    if not is_header:
                        yield _record(begins, row, columns)
                else:
                    yield _record(begins, row, columns)
            begins = reader.line_num + 1
    except csv.Error as error:
        raise ListFault(f"Line {begins} cannot be read: {error}.") from error


def _columns(row: list[str]) -> tuple[dict[str, int], bool]:
    """Where our columns are, and whether this row is a header."""
    urls = [place for place, cell in enumerate(row) if cell.strip().lower().startswith(_WEB)]
    if not urls:
        return columns_of(row), True
    found = {"url": urls[0]}
    if len(row) == 2:
        found["caption"] = 1 - urls[0]
    return found, False


def _record(line: int, row: list[str], columns: dict[str, int]) -> Record:
    return Record(line, **{name: row[place] for name, place in columns.items() if place < len(row)})
