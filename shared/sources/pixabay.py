"""Pixabay: photos under one licence of its own.

https://pixabay.com/api/docs/: a query of at most 100 characters, up to 200 results a page, at most
`totalHits` (500) a search; 100 requests a minute.
"""

from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel

from shared.platform.model import WebAddress
from shared.sources.api import Api, Words, stated_total, usable
from shared.sources.pace import Pace
from shared.sources.source import Candidate, Page, SourceUnavailable

PAGE_SIZE: Final = 100
LONGEST_QUERY: Final = 100
PACE: Final = Pace(100, seconds=60, burst=20)
LICENCE: Final = "pixabay"
LICENCE_URL: Final = "https://pixabay.com/service/license-summary/"


class _Hit(BaseModel):
    pageURL: WebAddress
    largeImageURL: WebAddress  # up to 1280 px a side
    user: Words
    tags: Words | None = None


@dataclass(frozen=True, slots=True)
class Pixabay:
    """The photo search. A cursor is a page number."""

    api_url: str
    key: str
    api: Api

    async def search(self, query: str, cursor: str | None) -> Page:
        """One page, in Pixabay's order of popularity."""
        number = int(cursor or 1)
        answer, proof = await self.api.get(
            self.api_url,
            {
                "key": self.key,
                "q": query[:LONGEST_QUERY],
                "image_type": "photo",
                "safesearch": "true",
                "per_page": str(PAGE_SIZE),
                "page": str(number),
            },
        )
        total = answer.get("totalHits")
        if not isinstance(total, int):
            raise SourceUnavailable("an answer without results")
        candidates = tuple(map(_candidate, usable(_Hit, answer.get("hits"))))
        more = number * PAGE_SIZE < total
        return Page(candidates, str(number + 1) if more else None, stated_total(total), proof)


def _candidate(hit: _Hit) -> Candidate:
    return Candidate(
        url=hit.largeImageURL,
        source_page_url=hit.pageURL,
        creator=hit.user,
        license=LICENCE,
        license_url=LICENCE_URL,
        attribution=f"Image by {hit.user} on Pixabay: {hit.pageURL}",
        title=hit.tags,
    )
