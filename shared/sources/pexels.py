"""Pexels: photos under one licence of its own.

https://www.pexels.com/api/documentation/: the key in a header, up to 80 results a page until there
is no `next_page`; 200 requests an hour. Every photo is credited, with a link to its page.
"""

from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel

from shared.platform.model import WebAddress
from shared.sources.api import Api, Words, stated_total, usable
from shared.sources.pace import Pace
from shared.sources.source import Candidate, Page

PAGE_SIZE: Final = 80
PACE: Final = Pace(200, seconds=3_600, burst=50)
LICENCE: Final = "pexels"
LICENCE_URL: Final = "https://www.pexels.com/license/"


class _Copies(BaseModel):
    large2x: WebAddress  # fits into 1880 x 1300: originals are far larger than a dataset needs


class _Photo(BaseModel):
    url: WebAddress
    photographer: Words
    alt: Words | None = None
    src: _Copies


@dataclass(frozen=True, slots=True)
class Pexels:
    """The photo search. A cursor is a page number."""

    base_url: str
    key: str
    api: Api

    async def search(self, query: str, cursor: str | None) -> Page:
        """One page, in Pexels' order."""
        number = int(cursor or 1)
        answer, proof = await self.api.get(
            f"{self.base_url}/search",
            {"query": query, "per_page": str(PAGE_SIZE), "page": str(number)},
            {"authorization": self.key},
        )
        photos = usable(_Photo, answer.get("photos"))
        more = isinstance(answer.get("next_page"), str)
        total = stated_total(answer.get("total_results"))
        candidates = tuple(map(_candidate, photos))
        return Page(candidates, str(number + 1) if more else None, total, proof)


def _candidate(photo: _Photo) -> Candidate:
    return Candidate(
        url=photo.src.large2x,
        source_page_url=photo.url,
        creator=photo.photographer,
        license=LICENCE,
        license_url=LICENCE_URL,
        attribution=f"Photo by {photo.photographer} on Pexels: {photo.url}",
        title=photo.alt or None,
    )
