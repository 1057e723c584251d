"""Flickr: openly licensed photos by `flickr.photos.search`.

https://www.flickr.com/services/api/flickr.photos.search.html: at most the first 4,000 results of a
search; 3,600 requests an hour and key. Photos with all rights reserved are not asked for.
"""

from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, Field

from shared.platform.model import WebAddress
from shared.sources.api import Api, Words, stated_total, usable
from shared.sources.attribution import NO_KNOWN_RESTRICTIONS, US_GOVERNMENT, attribution
from shared.sources.pace import Pace
from shared.sources.source import Candidate, Page, SourceUnavailable

PAGE_SIZE: Final = 100
DEEPEST: Final = 4_000
PACE: Final = Pace(3_600, seconds=3_600, burst=10)
# The original when it is no larger than that, else the largest copy whose address the search tells.
LARGEST_SIDE: Final = 4_096
_SIZES: Final = ("o", "l", "c", "z")
_EXTRAS: Final = ("license", "owner_name", "path_alias", *(f"url_{size}" for size in _SIZES))

# https://www.flickr.com/services/api/flickr.photos.licenses.getInfo.html: code and version.
_LICENCES: Final = {
    1: ("by-nc-sa", "2.0"), 2: ("by-nc", "2.0"), 3: ("by-nc-nd", "2.0"), 4: ("by", "2.0"),
    5: ("by-sa", "2.0"), 6: ("by-nd", "2.0"),
    11: ("by", "4.0"), 12: ("by-sa", "4.0"), 13: ("by-nd", "4.0"), 14: ("by-nc", "4.0"),
    15: ("by-nc-sa", "4.0"), 16: ("by-nc-nd", "4.0"),
}  # fmt: skip
# Code, name and address of the others.
_OTHERS: Final = {
    7: (NO_KNOWN_RESTRICTIONS, "No known copyright restrictions",
        "https://www.flickr.com/commons/usage/"),
    8: (US_GOVERNMENT, "United States Government Work", "https://www.usa.gov/government-works"),
    9: ("cc0", "CC0 1.0", "https://creativecommons.org/publicdomain/zero/1.0/"),
    10: ("pdm", "Public Domain Mark 1.0", "https://creativecommons.org/publicdomain/mark/1.0/"),
}  # fmt: skip


class _Photo(BaseModel):
    id: str = Field(pattern=r"^\d+$")
    owner: Words
    title: Words | None = None
    license: int
    ownername: Words | None = None
    pathalias: Words | None = None
    # The sizes' addresses and sides, where there are such sizes.
    url_o: WebAddress | None = None
    width_o: int = 0
    height_o: int = 0
    url_l: WebAddress | None = None
    width_l: int = 0
    height_l: int = 0
    url_c: WebAddress | None = None
    width_c: int = 0
    height_c: int = 0
    url_z: WebAddress | None = None
    width_z: int = 0
    height_z: int = 0

    def best(self) -> str | None:
        """The address of the copy to take."""
        for size in _SIZES:
            url, width, height = (
                getattr(self, f"{field}_{size}") for field in ("url", "width", "height")
            )
            if url and max(width, height) <= LARGEST_SIDE:
                return str(url)
        return None


@dataclass(frozen=True, slots=True)
class Flickr:
    """The photo search. A cursor is a page number."""

    api_url: str
    key: str
    api: Api

    async def search(self, query: str, cursor: str | None) -> Page:
        """One page, in Flickr's order of relevance."""
        number = int(cursor or 1)
        answer, proof = await self.api.get(
            self.api_url,
            {
                "method": "flickr.photos.search",
                "api_key": self.key,
                "format": "json",
                "nojsoncallback": "1",
                "text": query,
                "license": ",".join(map(str, sorted([*_LICENCES, *_OTHERS]))),
                "sort": "relevance",
                "safe_search": "1",
                "content_types": "0",
                "media": "photos",
                "extras": ",".join(_EXTRAS),
                "per_page": str(PAGE_SIZE),
                "page": str(number),
            },
        )
        photos = answer.get("photos")
        if not isinstance(photos, dict) or not isinstance(photos.get("pages"), int):
            raise SourceUnavailable("an answer without photos")
        more = number < photos["pages"] and number * PAGE_SIZE < DEEPEST
        found = tuple(filter(None, map(_candidate, usable(_Photo, photos.get("photo")))))
        total = stated_total(photos.get("total"))
        return Page(found, str(number + 1) if more else None, total, proof)


def _candidate(photo: _Photo) -> Candidate | None:
    url, licence = photo.best(), _licence(photo.license)
    if url is None or licence is None:
        return None
    code, name, licence_url = licence
    owner = photo.pathalias or photo.owner
    return Candidate(
        url=url,
        source_page_url=f"https://www.flickr.com/photos/{owner}/{photo.id}",
        creator=photo.ownername,
        license=code,
        license_url=licence_url,
        attribution=attribution(
            code=code, name=name, title=photo.title, creator=photo.ownername, url=licence_url
        ),
        title=photo.title,
        license_stated=str(photo.license),
    )


def _licence(number: int) -> tuple[str, str, str] | None:
    """Code, name and address; None for one that nobody may use."""
    if number in _LICENCES:
        code, version = _LICENCES[number]
        url = f"https://creativecommons.org/licenses/{code}/{version}/"
        return code, f"CC {code.upper()} {version}", url
    return _OTHERS.get(number)
