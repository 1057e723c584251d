"""Wikimedia Commons: searching the file namespace by the MediaWiki Action API.

https://commons.wikimedia.org/w/api.php sets no hard limit for reading; its etiquette
(https://www.mediawiki.org/wiki/API:Etiquette) asks for few requests at a time, for `maxlag` and for
a User-Agent with a contact.
"""

import json
import re
from dataclasses import dataclass
from html import unescape
from typing import Any, Final

from pydantic import BaseModel, Field, ValidationError

from shared.platform.model import WebAddress
from shared.sources.api import Api, Words, stated_total, usable
from shared.sources.attribution import UNKNOWN, attribution, licence_code
from shared.sources.pace import Pace
from shared.sources.source import Candidate, Page

PAGE_SIZE: Final = 50
_LARGEST_BYTES: Final = 10 * 1024 * 1024
_LARGEST_PIXELS: Final = 40_000_000
PACE: Final = Pace(60, seconds=60, burst=5)
_TAKEN: Final = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif", "image/bmp"})
_TAG: Final = re.compile(r"<[^<>]*>")
_FACTS: Final = ("Artist", "License", "LicenseShortName", "LicenseUrl", "ObjectName")
_QUERY: Final = {
    "action": "query",
    "format": "json",
    "formatversion": "2",
    # Politeness: a lagging cluster refuses, and is asked again later.
    "maxlag": "5",
    "generator": "search",
    "gsrnamespace": "6",
    "gsrlimit": str(PAGE_SIZE),
    "prop": "imageinfo",
    "iiprop": "url|size|mime|extmetadata",
    "iiurlwidth": "1920",  # one of the widths that the image servers keep
    "iiextmetadatafilter": "|".join(_FACTS),
    "iiextmetadatalanguage": "en",
}


class _Value(BaseModel):
    value: Words


class _Info(BaseModel):
    url: WebAddress
    descriptionurl: WebAddress | None = None
    mime: str
    size: int = 0
    width: int = 0
    height: int = 0
    thumburl: WebAddress | None = None
    extmetadata: dict[str, Any] = Field(default_factory=dict)

    def best(self) -> str:
        """The address of the original, or of a copy when it is too much to take."""
        if self.thumburl and (
            self.size > _LARGEST_BYTES or self.width * self.height > _LARGEST_PIXELS
        ):
            return self.thumburl
        return self.url


class _File(BaseModel):
    title: Words
    index: int
    imageinfo: list[_Info] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Wikimedia:
    """The file search. A cursor is the `continue` object of the answer before, as JSON."""

    api_url: str
    api: Api

    async def search(self, query: str, cursor: str | None) -> Page:
        """One page, in the order of the search's ranking."""
        position: dict[str, str] = json.loads(cursor) if cursor else {}
        answer, proof = await self.api.get(
            self.api_url, {**_QUERY, "gsrsearch": f"{query} filetype:bitmap", **position}
        )
        # Nothing found is said by saying nothing, or nothing but how many there are.
        found = answer.get("query", {})
        pages = found.get("pages", []) if isinstance(found, dict) else None
        # What is no usable file: a page whose information follows later.
        files = sorted(usable(_File, pages), key=lambda file: file.index)
        candidates = tuple(_candidate(file) for file in files if file.imageinfo[0].mime in _TAKEN)
        return Page(candidates, _next_cursor(answer), _total(found), proof)


def _total(found: dict[str, Any]) -> int | None:
    """What newer versions of MediaWiki say beside the pages of a search, unasked (``gsrinfo``)."""
    said = found.get("searchinfo")
    return stated_total(said.get("totalhits")) if isinstance(said, dict) else None


def _next_cursor(answer: dict[str, Any]) -> str | None:
    position = answer.get("continue")
    if not isinstance(position, dict):
        return None
    return json.dumps({str(name): str(value) for name, value in position.items()})


def _candidate(file: _File) -> Candidate:
    info = file.imageinfo[0]
    facts = {name: _text(info.extmetadata.get(name)) for name in _FACTS}
    name = facts.get("LicenseShortName")
    code = licence_code(facts.get("License") or name or UNKNOWN)
    title = facts.get("ObjectName") or _plain_title(file.title)
    creator, licence_url = facts.get("Artist"), _address(facts.get("LicenseUrl"))
    return Candidate(
        url=info.best(),
        source_page_url=info.descriptionurl,
        creator=creator,
        license=code,
        license_url=licence_url,
        attribution=attribution(
            code=code, name=name or code, title=title, creator=creator, url=licence_url
        ),
        title=title,
        license_stated=name or facts.get("License"),
    )


def _text(raw: Any) -> str | None:
    """The words of a value that is HTML."""
    try:
        html = _Value.model_validate(raw).value
    except ValidationError:
        return None
    return " ".join(unescape(_TAG.sub("", html)).split()) or None


def _address(text: str | None) -> str | None:
    return text if text and text.startswith(("https://", "http://")) else None


def _plain_title(title: str) -> str:
    """Without namespace and file extension."""
    return title.partition(":")[2].rpartition(".")[0] or title
