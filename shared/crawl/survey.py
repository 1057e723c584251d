"""Asking sources how much they have, without a job: nothing of it is written down."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from shared.platform.errors import Unavailable
from shared.platform.observe.logging import get_logger
from shared.sources.source import (
    Page,
    SearchRefused,
    Source,
    SourceBusy,
    SourceNotConfigured,
    SourceThrottled,
    SourceUnavailable,
)

log = get_logger(__name__)

REQUESTS: Final = 2  # a source
SECONDS: Final = 7.0  # for both of them; who asks has ten for the whole answer
TURN_SECONDS: Final = 5.0  # that a request waits for its turn

Status = Literal["answered", "busy", "unavailable", "not_configured"]


@dataclass(frozen=True, slots=True)
class Survey:
    """What a source has said: first pages by keyword. ``problem`` is why there are not more."""

    engine: str
    pages: dict[str, Page]
    status: Status = "answered"
    problem: str | None = None


async def ask_all(
    open_source: Callable[[str], Source],
    engines: Sequence[str],
    keywords: Sequence[str],
    *,
    seconds: float = SECONDS,
) -> list[Survey]:
    """Asks the sources side by side, each for few of the keywords, and none for longer than that.

    Raises:
        Unavailable: the database, which keeps the sources' pace, does not answer.
    """
    asked = deal(keywords, len(engines))
    return await asyncio.gather(
        *(
            _ask(open_source, engine, chosen, seconds)
            for engine, chosen in zip(engines, asked, strict=True)
        )
    )


def deal(keywords: Sequence[str], sources: int) -> list[list[str]]:
    """For which keywords each source is asked: all together for as many as can be, evenly."""
    count, requests = len(keywords), sources * REQUESTS
    places = [n * count // requests if count > requests else n % count for n in range(requests)]
    dealt = [places[n : n + REQUESTS] for n in range(0, requests, REQUESTS)]
    return [[keywords[place] for place in dict.fromkeys(of_one)] for of_one in dealt]


async def _ask(
    open_source: Callable[[str], Source], engine: str, keywords: Sequence[str], seconds: float
) -> Survey:
    pages: dict[str, Page] = {}
    trouble: BaseException | None = None
    try:
        async with asyncio.timeout(seconds):
            source = open_source(engine)
            for keyword in keywords:
                try:
                    pages[keyword] = await source.search(keyword, None)
                except SearchRefused as refused:  # it may answer the other one
                    trouble = refused
    except Unavailable:
        raise
    except TimeoutError:
        trouble = SourceUnavailable(f"no answer within {seconds:g} s")
    except SourceUnavailable as error:
        trouble = error
    except Exception as error:  # noqa: BLE001 - as in a crawl, no answer may be too much for us
        log.opt(exception=True).error("an answer was more than we can deal with")
        trouble = SourceUnavailable(f"internal error: {type(error).__name__}")
    problem = str(trouble) if trouble else None
    return Survey(engine, pages, "answered" if pages else _status(trouble), problem)


def _status(trouble: BaseException | None) -> Status:
    if isinstance(trouble, SourceNotConfigured):
        return "not_configured"
    return "busy" if isinstance(trouble, SourceBusy | SourceThrottled) else "unavailable"
