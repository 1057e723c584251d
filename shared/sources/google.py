"""Google Programmable Search: images of the pages that a search engine of one's own covers.

https://developers.google.com/custom-search/v1/reference/rest/v1/cse/list: 10 results a page, the
first 100 of a search; 100 requests a minute and user, and a day's quota that the account decides.
Whether a picture may be used nobody says: its licence is unknown.
"""

from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel

from shared.platform.model import WebAddress
from shared.sources.api import Api, Words, stated_total, usable
from shared.sources.attribution import UNKNOWN
from shared.sources.pace import Pace
from shared.sources.source import Candidate, Page

PAGE_SIZE: Final = 10
DEEPEST: Final = 100
PACE: Final = Pace(100, seconds=60, burst=10)


class _Image(BaseModel):
    contextLink: WebAddress | None = None


class _Item(BaseModel):
    link: WebAddress
    title: Words | None = None
    image: _Image = _Image()


@dataclass(frozen=True, slots=True)
class Google:
    """The image search of one engine. A cursor is the number of a page's first result."""

    api_url: str
    key: str
    engine: str
    api: Api

    async def search(self, query: str, cursor: str | None) -> Page:
        """One page, in Google's order."""
        start = int(cursor or 1)
        answer, proof = await self.api.get(
            self.api_url,
            {
                "key": self.key,
                "cx": self.engine,
                "q": query,
                "searchType": "image",
                "safe": "active",
                "num": str(PAGE_SIZE),
                "start": str(start),
            },
        )
        # Nothing found is said by saying nothing.
        candidates = tuple(map(_candidate, usable(_Item, answer.get("items", []))))
        queries = answer.get("queries")
        following = start + PAGE_SIZE
        more = isinstance(queries, dict) and queries.get("nextPage") and following <= DEEPEST
        said = answer.get("searchInformation")
        total = stated_total(said.get("totalResults")) if isinstance(said, dict) else None
        return Page(candidates, str(following) if more else None, total, proof)


def _candidate(item: _Item) -> Candidate:
    return Candidate(
        url=item.link,
        source_page_url=item.image.contextLink,
        license=UNKNOWN,
        title=item.title,
    )
