"""Openverse: openly licensed images of Flickr, museums and many others.

https://api.openverse.org/v1/ as an anonymous client: 20 results a page, 240 results deep, one
request a second and 20 a minute.
"""

from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel

from shared.platform.model import WebAddress
from shared.sources.api import Api, Words, stated_total, usable
from shared.sources.attribution import attribution, licence_code
from shared.sources.pace import Pace
from shared.sources.source import Candidate, Page, SourceUnavailable

PAGE_SIZE: Final = 20
DEEPEST: Final = 240
PACE: Final = Pace(20, seconds=60)


class _Result(BaseModel):
    url: WebAddress
    foreign_landing_url: WebAddress | None = None
    title: Words | None = None
    creator: Words | None = None
    license: Words
    license_version: Words | None = None
    license_url: WebAddress | None = None
    attribution: Words | None = None


@dataclass(frozen=True, slots=True)
class Openverse:
    """The image search. A cursor is a page number."""

    base_url: str
    api: Api

    async def search(self, query: str, cursor: str | None) -> Page:
        """One page, in Openverse's order of relevance."""
        number = int(cursor or 1)
        answer, proof = await self.api.get(
            f"{self.base_url}/images/",
            {"q": query, "page": str(number), "page_size": str(PAGE_SIZE)},
        )
        pages = answer.get("page_count")
        if not isinstance(pages, int):
            raise SourceUnavailable("an answer without results")
        more = number < pages and (number + 1) * PAGE_SIZE <= DEEPEST
        candidates = tuple(map(_candidate, usable(_Result, answer.get("results"))))
        total = stated_total(answer.get("result_count"))
        return Page(candidates, str(number + 1) if more else None, total, proof)


def _candidate(result: _Result) -> Candidate:
    return Candidate(
        url=result.url,
        source_page_url=result.foreign_landing_url,
        creator=result.creator,
        license=licence_code(result.license),
        license_url=result.license_url,
        attribution=result.attribution or _attribution(result),
        title=result.title,
        license_stated=f"{result.license} {result.license_version or ''}".strip(),
    )


def _attribution(result: _Result) -> str:
    code = licence_code(result.license)
    name = {"cc0": "CC0", "pdm": "Public Domain Mark"}.get(code, f"CC {code.upper()}")
    return attribution(
        code=code,
        name=f"{name} {result.license_version or ''}".strip(),
        title=result.title,
        creator=result.creator,
        url=result.license_url,
    )
