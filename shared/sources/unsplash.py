"""Unsplash: photos under one licence of its own.

https://unsplash.com/documentation#search-photos: the access key in a header, up to 30 results a
page; 50 requests an hour until Unsplash has approved the application. Its guidelines want the
photographer and Unsplash credited with a link, as `attribution` does. They also want
`links.download_location` called for each photo that is used, which a crawl does not do yet: ask
Unsplash before crawling it at scale.
"""

from dataclasses import dataclass
from typing import Annotated, Final

import httpx
from pydantic import AfterValidator, BaseModel

from shared.platform.model import WebAddress
from shared.sources.api import Api, Words, stated_total, usable
from shared.sources.pace import Pace
from shared.sources.source import Candidate, Page, SourceUnavailable

PAGE_SIZE: Final = 30
PACE: Final = Pace(50, seconds=3_600, burst=20)
LICENCE: Final = "unsplash"
LICENCE_URL: Final = "https://unsplash.com/license"
# Originals are far larger than a dataset needs: the image server scales them down to this width.
WIDTH: Final = 2_048
_SCALING: Final = {"fm": "jpg", "q": "85", "w": str(WIDTH), "fit": "max"}


def _scaled(url: str) -> str:
    # The parameters that are there have to stay: they tell Unsplash who shows the photo.
    try:
        return str(httpx.URL(url).copy_merge_params(_SCALING))
    except httpx.InvalidURL as error:
        raise ValueError(str(error)) from None


class _Addresses(BaseModel):
    raw: Annotated[WebAddress, AfterValidator(_scaled)]


class _Links(BaseModel):
    html: WebAddress


class _Person(BaseModel):
    name: Words


class _Photo(BaseModel):
    description: Words | None = None
    alt_description: Words | None = None
    urls: _Addresses
    links: _Links
    user: _Person


@dataclass(frozen=True, slots=True)
class Unsplash:
    """The photo search. A cursor is a page number."""

    base_url: str
    key: str
    api: Api

    async def search(self, query: str, cursor: str | None) -> Page:
        """One page, in Unsplash's order of relevance."""
        number = int(cursor or 1)
        answer, proof = await self.api.get(
            f"{self.base_url}/search/photos",
            {
                "query": query,
                "content_filter": "high",
                "per_page": str(PAGE_SIZE),
                "page": str(number),
            },
            {"authorization": f"Client-ID {self.key}", "accept-version": "v1"},
        )
        pages = answer.get("total_pages")
        if not isinstance(pages, int):
            raise SourceUnavailable("an answer without results")
        candidates = tuple(map(_candidate, usable(_Photo, answer.get("results"))))
        total = stated_total(answer.get("total"))
        return Page(candidates, str(number + 1) if number < pages else None, total, proof)


def _candidate(photo: _Photo) -> Candidate:
    return Candidate(
        url=photo.urls.raw,
        source_page_url=photo.links.html,
        creator=photo.user.name,
        license=LICENCE,
        license_url=LICENCE_URL,
        attribution=f"Photo by {photo.user.name} on Unsplash: {photo.links.html}",
        title=photo.description or photo.alt_description,
    )
