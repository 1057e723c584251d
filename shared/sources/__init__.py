"""Where images are searched for: one file per source behind one Protocol."""

from collections.abc import Callable
from typing import Final

import httpx

from shared.platform.settings import Settings
from shared.sources.api import Api
from shared.sources.openverse import Openverse
from shared.sources.source import Candidate, Page, Source, SourceUnavailable
from shared.sources.wikimedia import Wikimedia

__all__ = ["SOURCES", "Candidate", "Page", "Source", "SourceUnavailable", "open_source"]

SOURCES: Final[dict[str, Callable[[Settings, Api], Source]]] = {
    "openverse": lambda settings, api: Openverse(settings.openverse_api_url, api),
    "wikimedia": lambda settings, api: Wikimedia(settings.wikimedia_api_url, api),
}


def open_source(name: str, settings: Settings, http: httpx.AsyncClient) -> Source:
    """The source of that name.

    Raises:
        SourceUnavailable: there is none.
    """
    if name not in SOURCES:
        raise SourceUnavailable(f"there is no source “{name}”")
    api = Api(http, user_agent=settings.user_agent, first_wait=settings.crawl_retry_wait_seconds)
    return SOURCES[name](settings, api)
