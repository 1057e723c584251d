"""What a source is and what it finds."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.platform.net.retry import Refused


class SourceUnavailable(Refused):
    """The source gave no usable answer; the message says why in a few words."""


class SourceNotConfigured(SourceUnavailable):
    """The source needs a setting that is not there; the message names it."""


class SearchRefused(SourceUnavailable):
    """The source has nothing to say to this one query; it may answer others."""


class SourceBusy(SourceUnavailable):
    """Too many ask the source for now: worth asking again in ``retry_after`` seconds."""


class SourceThrottled(SourceUnavailable):
    """The source itself says that it is only busy; ``retry_after`` if it says for how long."""

    may_pass = True


@dataclass(frozen=True, slots=True)
class Candidate:
    """An image that a search found, with what its source says about it."""

    url: str
    source_page_url: str | None = None
    creator: str | None = None
    license: str | None = None
    license_url: str | None = None
    attribution: str | None = None
    title: str | None = None
    license_stated: str | None = None  # as the source writes it, where it says it of each image


@dataclass(frozen=True, slots=True)
class Proof:
    """The answer that a page was made of: the address asked, without keys, when the answer came,
    and the sha256 of its body, unpacked where it came compressed."""

    address: str
    at: datetime
    sha256: str


@dataclass(frozen=True, slots=True)
class Page:
    """Results in the source's order. ``next_cursor`` is None after the last page.

    ``total``: how many results the source says that the search has, if it says so. ``proof`` is
    None where nobody was asked, or we have not seen the answer itself.
    """

    candidates: tuple[Candidate, ...]
    next_cursor: str | None
    total: int | None = None
    proof: Proof | None = None


class Source(Protocol):
    """A search for images."""

    async def search(self, query: str, cursor: str | None) -> Page:
        """The page at the cursor that the page before gave; the first one for None.

        Raises:
            SourceUnavailable: no usable answer after all tries.
            SourceBusy: the source's pace leaves no room at this time.
            SourceThrottled: the source still asks us to come later after all tries.
        """
