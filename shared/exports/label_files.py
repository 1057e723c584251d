"""Labels alone: which image shows what, in the formats that scripts read."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from shared.exports.model import Labels
from shared.exports.table import csv_lines, json_lines


def label_lines(kind: Labels, rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """The text of the file, a piece at a time; the rows have ``file_name`` and the columns."""
    match kind:
        case "jsonl":
            return json_lines(rows)
        case "csv":
            return csv_lines(rows)
        case "json":
            return _json_array(rows)
        case "yaml":
            return (f"- {json.dumps(row, ensure_ascii=False)}\n" for row in rows)
        case "txt":
            return (f"{row['file_name']}\t{row['label']}\n" for row in rows)


def _json_array(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    separator = "[\n"
    for line in json_lines(rows):
        yield separator + line.rstrip("\n")
        separator = ",\n"
    yield "\n]\n" if separator == ",\n" else "[]\n"
