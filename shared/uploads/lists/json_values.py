"""Lists as JSON: an array of objects or URLs, or objects one after the other."""

import codecs
import json
from collections.abc import Iterator, Mapping
from typing import IO, Any, Final

from shared.uploads.lists.model import ListFault, Record, columns_of

PIECE: Final = 2**20  # bytes
LARGEST: Final = 8 * 2**20  # characters of one value
MOST_SHAPES: Final = 1000
LONGEST_TOKEN: Final = 16  # characters of a literal or an escape, and some more
_BLANKS: Final = " \t\r\n"
_BETWEEN: Final = _BLANKS + ","


def read_json(file: IO[bytes]) -> Iterator[Record]:
    """Each record; an object whose columns are arrays, as pandas writes it, is all of them.

    Raises:
        ListFault: it is no JSON, or holds other things than that.
    """
    columns: dict[tuple[str, ...], dict[str, int]] = {}
    for line, value in _Values(file):
        if isinstance(value, str):
            yield Record(line, value)
            continue
        if not isinstance(value, dict):
            raise ListFault(f"Line {line} holds neither an object nor a URL.")
        names = tuple(value)
        if names not in columns:
            columns[names] = _columns(names, is_first=not columns)
        picked = {name: value[names[place]] for name, place in columns[names].items()}
        if isinstance(picked.get("url"), list | dict):
            yield from _columnar(line, picked)
        else:
            yield _record(line, picked)
        if len(columns) > MOST_SHAPES:  # they are all different
            columns = dict([columns.popitem()])


def _columns(names: tuple[str, ...], *, is_first: bool) -> dict[str, int]:
    """Where our columns are. A list without URLs is none; a single object may lack its own."""
    try:
        return columns_of(list(names))
    except ListFault:
        if is_first:
            raise
        return {}


class _Values:
    """The values of a JSON file, each with the line it begins in."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._decode = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._scan = json.JSONDecoder().raw_decode
        self._buffer, self._place = "", 0
        self._line = 1
        self._ended = False

    def __iter__(self) -> Iterator[tuple[int, Any]]:
        in_array = self._next() == "["
        self._place += in_array
        while character := self._next(_BETWEEN if in_array else _BLANKS):
            if in_array and character == "]":
                self._place += 1
                break
            yield self._line, self._value()
        else:
            if in_array:
                raise ListFault(f"The JSON is broken at line {self._line}: its end is missing.")
        if self._next():
            raise ListFault(f"The JSON is broken at line {self._line}: something follows its end.")

    def _next(self, skipped: str = _BLANKS) -> str:
        """The next character that is not skipped; none at the end."""
        while True:
            while self._place < len(self._buffer):
                character = self._buffer[self._place]
                if character not in skipped:
                    return character
                self._line += character == "\n"
                self._place += 1
            if not self._read():
                return ""

    def _value(self) -> Any:
        while True:
            try:
                value, end = self._scan(self._buffer, self._place)
            except (ValueError, RecursionError) as error:
                if len(self._buffer) - self._place > LARGEST:
                    raise ListFault(f"What begins in line {self._line} is too large.") from error
                if not self._is_cut_off(error) or not self._read():
                    raise ListFault(f"The JSON is broken at line {self._line}.") from error
            else:
                self._line += self._buffer.count("\n", self._place, end)
                self._place = end
                return value

    def _is_cut_off(self, error: Exception) -> bool:
        """Whether more of the file may mend it."""
        return isinstance(error, json.JSONDecodeError) and (
            error.msg.startswith("Unterminated") or error.pos > len(self._buffer) - LONGEST_TOKEN
        )

    def _read(self) -> bool:
        """Whether there was more."""
        if self._ended:
            return False
        data = self._file.read(PIECE)
        self._ended = not data
        try:
            text = self._decode(data, final=self._ended)
        except UnicodeDecodeError as error:
            raise ListFault(f"After line {self._line} the file is not UTF-8 text.") from error
        self._buffer, self._place = self._buffer[self._place :] + text, 0
        return bool(text) or not self._ended


def _columnar(line: int, columns: Mapping[str, Any]) -> Iterator[Record]:
    """The rows of an object that has a column under each name: an array, or values by row."""
    listed = {
        name: list(column.values()) if isinstance(column, dict) else column
        for name, column in columns.items()
        if isinstance(column, list | dict)
    }
    for values in zip(*listed.values(), strict=False):
        yield _record(line, dict(zip(listed, values, strict=True)))


def _record(line: int, values: Mapping[str, Any]) -> Record:
    """What is no text, as a missing caption is NaN for pandas, counts as absent."""
    return Record(line, **{n: v for n, v in values.items() if isinstance(v, str)})
