"""Paths and queries as Kestrel and ASP.NET Core read and write them."""

import re
from typing import Final
from urllib.parse import quote

_ESCAPES: Final = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_LONE_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PATH_CHARACTERS: Final = "/:@!$&'()*+,;=%"


def decode_path(raw: str) -> str:
    """A raw path decoded once, without dot segments; ValueError for an encoded NUL.

    %2F stays, and so does what is not UTF-8.
    """
    if "%" in raw:
        raw = _unescape(raw, keep="/")
        if "\0" in raw:
            raise ValueError("an encoded NUL")
    return _without_dot_segments(raw) if "/." in raw else raw


def encode_path(path: str) -> str:
    """A decoded path as it stands in a URL."""
    return quote(_LONE_PERCENT.sub("%25", path), safe=_PATH_CHARACTERS)


def encode_query(query: str) -> str:
    """A raw query, with its question mark, as it stands in a URL."""
    return query.replace("#", "%23")


def parse_query(query: str) -> dict[str, str]:
    """The values of a raw query by name: repeated ones joined, empty ones left out.

    Names that differ in case are one; it is spelt as where it came the second time.
    """
    found: dict[str, tuple[str, list[str]]] = {}
    for pair in query.removeprefix("?").split("&"):
        if not pair:
            continue
        name, _, value = pair.partition("=")
        name, value = _unescape(name.replace("+", " ")), _unescape(value.replace("+", " "))
        known, values = found.get(name.upper(), (name, []))
        found[name.upper()] = (name if len(values) == 1 else known, [*values, value])
    joined = {name: ",".join(filter(None, values)) for name, values in found.values()}
    return {name: value for name, value in joined.items() if value}


def _unescape(text: str, keep: str = "") -> str:
    if "%" not in text:
        return text
    return _ESCAPES.sub(lambda match: _decode(match[0], keep), text)


def _decode(escapes: str, keep: str) -> str:
    """A run of %XX as text; what is not UTF-8, or is to be kept, stays as it came."""
    content = bytes.fromhex(escapes.replace("%", ""))
    text, position = "", 0
    while position < len(content):
        try:
            good, bad = content[position:].decode(), 0
        except UnicodeDecodeError as error:
            good = content[position : position + error.start].decode()
            bad = error.end - error.start
        for character in good:
            width = len(character.encode())
            came = escapes[3 * position : 3 * (position + width)]
            text += came if character in keep else character
            position += width
        text += escapes[3 * position : 3 * (position + bad)]
        position += bad
    return text


def _without_dot_segments(path: str) -> str:
    kept: list[str] = []
    segments = path.split("/")[1:]
    for position, segment in enumerate(segments):
        if segment == ".." and kept:
            kept.pop()
        if segment not in (".", ".."):
            kept.append(segment)
        elif position == len(segments) - 1:
            kept.append("")
    return "/" + "/".join(kept)
