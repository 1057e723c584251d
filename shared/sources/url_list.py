"""A list of URLs that the user brings, with captions and licences where the list has them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from pydantic import TypeAdapter, ValidationError

from shared.platform.model import WebAddress
from shared.sources.api import Words
from shared.sources.attribution import UNKNOWN, licence_code
from shared.sources.source import Candidate, Page
from shared.sources.uploaded import SCHEME

PAGE_SIZE: Final = 1_000
_ADDRESS: Final[TypeAdapter[str]] = TypeAdapter(WebAddress)
_WORDS: Final[TypeAdapter[str]] = TypeAdapter(Words)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a list, at its place."""

    position: int
    url: str
    caption: str | None = None
    license: str | None = None


# The rows of the list after a place, at most as many as asked for.
Reader: TypeAlias = Callable[[int, int], Awaitable[Sequence[Row]]]


@dataclass(frozen=True, slots=True)
class UrlList:
    """The list as a source: all of it, whatever is searched. A cursor is a place."""

    read: Reader

    async def search(self, query: str, cursor: str | None) -> Page:
        """The next rows, without those that hold no web address."""
        rows = await self.read(-1 if cursor is None else int(cursor), PAGE_SIZE)
        following = str(rows[-1].position) if len(rows) == PAGE_SIZE else None
        return Page(tuple(filter(None, map(_candidate, rows))), following)


def _candidate(row: Row) -> Candidate | None:
    try:
        uploaded = row.url.startswith(SCHEME)
        url = row.url if uploaded else _ADDRESS.validate_python(row.url.strip())
    except ValidationError:
        return None
    return Candidate(
        url=url,
        license=licence_code(row.license or UNKNOWN),
        title=_WORDS.validate_python(row.caption) or None if row.caption else None,
        license_stated=row.license or None,
    )
