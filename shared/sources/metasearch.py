"""DuckDuckGo and Bing by the library `ddgs`: experimental.

Neither has an API for images any more. The library reads their result pages, as a browser would and
under a browser's name, so that a deployment has to want it: `CRAWL_EXPERIMENTAL_SOURCES`. It breaks
when the pages change, and does not tell a refusal from a search that finds nothing. Whether a
picture may be used nobody says: its licence is unknown.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from shared.platform.model import WebAddress
from shared.sources.api import Words, usable
from shared.sources.attribution import UNKNOWN
from shared.sources.pace import Pace
from shared.sources.source import (
    Candidate,
    Page,
    SearchRefused,
    SourceNotConfigured,
    SourceUnavailable,
)

MOST_SECONDS: Final = 10
DEEPEST: Final = 10  # pages: what follows is said to repeat itself
PACE: Final = Pace(20, seconds=60)  # nothing is documented
_NOTHING: Final = "No results found."


class _Result(BaseModel):
    image: WebAddress
    url: WebAddress | None = None
    title: Words | None = None


@dataclass(frozen=True, slots=True)
class Metasearch:
    """The image search of one engine, ``duckduckgo`` or ``bing``. A cursor is a page number."""

    engine: str
    turn: Callable[[], Awaitable[None]]

    async def search(self, query: str, cursor: str | None) -> Page:
        """One page, in the engine's order."""
        number = int(cursor or 1)
        await self.turn()
        results = await asyncio.to_thread(self._search, query, number)
        if number == 1 and not results:
            raise SearchRefused("no results, or a refusal")
        candidates = tuple(map(_candidate, usable(_Result, results)))
        return Page(candidates, str(number + 1) if results and number < DEEPEST else None)

    def _search(self, query: str, number: int) -> list[dict[str, Any]]:
        try:
            from ddgs import DDGS
            from ddgs.exceptions import DDGSException
        except ModuleNotFoundError:
            raise SourceNotConfigured("the package ddgs is not installed") from None
        client = DDGS(timeout=MOST_SECONDS)
        try:
            return client.images(query, backend=self.engine, page=number, max_results=None)
        except DDGSException as error:
            if str(error) == _NOTHING:
                return []
            raise SourceUnavailable(type(error).__name__) from None


def _candidate(result: _Result) -> Candidate:
    return Candidate(
        url=result.image,
        source_page_url=result.url,
        license=UNKNOWN,
        title=result.title or None,
    )
