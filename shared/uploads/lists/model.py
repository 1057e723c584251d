"""What a list holds, and what may be wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

MOST_RECORDS: Final = 1_000_000
LONGEST_LINE: Final = 2**20  # characters
MOST_UNPACKED: Final = 2 * 2**30  # bytes: ten times what may be uploaded


class ListFault(Exception):
    """The file as a whole cannot be used; the text says why, to who has uploaded it."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a list as it stands there, with the line, or in Parquet the row, it begins."""

    line: int
    url: str = ""
    caption: str | None = None
    license: str | None = None
    label: str | None = None


# What each column is called, the usual name first: in img2dataset's examples, and by the tools
# that people write lists with. Case, blanks and the kind of dash do not matter.
NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "url": ("url", "image_url", "img_url", "urls", "image_urls", "imageurl", "uri", "link"),
    "caption": ("caption", "text", "title", "alt", "alt_text", "description", "captions"),
    "license": ("license", "licence", "rights"),
    "label": ("label", "class", "category", "keyword", "labels", "class_name"),
}


def columns_of(header: list[str]) -> dict[str, int]:
    """Where each of our columns stands in a header.

    Raises:
        ListFault: none of them holds URLs.
    """
    folded = [name.strip().casefold().replace("-", "_").replace(" ", "_") for name in header]
    found = {}
    for column, names in NAMES.items():
        if known := [name for name in names if name in folded]:
            found[column] = folded.index(known[0])
    if "url" not in found:
        named = ", ".join(repr(name[:40]) for name in header[:10]) or "none"
        raise ListFault(f"No column is called url; its columns are: {named}.")
    return found
