"""Labels alone: which image shows what, in the formats that scripts read."""

import csv
import io
from collections.abc import Iterable
from typing import Any, Final

from shared.exports.escapes import one_line, yaml_value
from shared.exports.model import Labels
from shared.exports.table import json_line

# https://owasp.org/www-community/attacks/CSV_Injection; the last four are of full width.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class LabelWriter:
    """The text of a file, written a batch of rows at a time; each has ``file_name``."""

    def __init__(self, kind: Labels) -> None:
        self._kind = kind
        self._rows = 0

    def add(self, rows: Iterable[dict[str, Any]]) -> str:
        """What follows in the file."""
        text = io.StringIO()
        for row in rows:
            self._write(text, row)
            self._rows += 1
        return text.getvalue()

    def end(self) -> str:
        """What comes after all rows."""
        if self._kind != "json":
            return ""
        return "\n]\n" if self._rows else "[]\n"

    def _write(self, text: io.StringIO, row: dict[str, Any]) -> None:
        match self._kind:
            case "jsonl":
                text.write(json_line(row))
            case "json":
                text.write((",\n" if self._rows else "[\n") + json_line(row).rstrip("\n"))
            case "yaml":
                text.write(f"- {yaml_value(row)}\n")
            case "txt":
                text.write(f"{row['file_name']}\t{one_line(row['label'])}\n")
            case "csv":  # RFC 4180
                writer = csv.DictWriter(text, list(row), lineterminator="\r\n")
                if not self._rows:
                    writer.writeheader()
                writer.writerow({name: _no_formula(value) for name, value in row.items()})


def _no_formula(value: Any) -> Any:
    """What a spreadsheet would take for a formula, as text: it does not show the apostrophe."""
    risky = isinstance(value, str) and value.startswith(_FORMULA)
    return f"'{value}" if risky else value
