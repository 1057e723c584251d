"""Every source by its name, and what it takes to open one."""

from collections.abc import Callable
from typing import Final

import httpx
from pydantic import SecretStr

from shared.platform.data.db import Database
from shared.platform.net.retry import ATTEMPTS
from shared.sources import (
    flickr,
    google,
    metasearch,
    openverse,
    pexels,
    pixabay,
    unsplash,
    wikimedia,
)
from shared.sources.api import Api
from shared.sources.pace import MOST_SECONDS, Pace, Turns
from shared.sources.settings import SourceSettings
from shared.sources.source import Source, SourceNotConfigured, SourceUnavailable

Opener = Callable[[SourceSettings, Api], Source]


def open_source(
    name: str,
    settings: SourceSettings,
    http: httpx.AsyncClient,
    database: Database,
    *,
    attempts: int = ATTEMPTS,
    most_wait: float = MOST_SECONDS,
) -> Source:
    """The source of that name, which keeps its pace together with all other instances.

    It is asked at most ``attempts`` times for a page, and its turn awaited for ``most_wait``
    seconds.

    Raises:
        SourceNotConfigured: it needs a key that is not set.
        SourceUnavailable: there is none.
    """
    if name not in SOURCES:
        raise SourceUnavailable(f"there is no source “{name}”")
    opener, pace = SOURCES[name]
    turns = Turns(database, name, pace, settings.crawl_source_pace, most_wait)
    api = Api(http, settings.user_agent, settings.crawl_retry_wait_seconds, turns.wait, attempts)
    return opener(settings, api)


def _key(secret: SecretStr | None, variable: str) -> str:
    if secret is None:
        raise SourceNotConfigured(f"{variable} is not set")
    return secret.get_secret_value()


def _flickr(settings: SourceSettings, api: Api) -> Source:
    key = _key(settings.flickr_api_key, "FLICKR_API_KEY")
    return flickr.Flickr(settings.flickr_api_url, key, api)


def _pexels(settings: SourceSettings, api: Api) -> Source:
    key = _key(settings.pexels_api_key, "PEXELS_API_KEY")
    return pexels.Pexels(settings.pexels_api_url, key, api)


def _pixabay(settings: SourceSettings, api: Api) -> Source:
    key = _key(settings.pixabay_api_key, "PIXABAY_API_KEY")
    return pixabay.Pixabay(settings.pixabay_api_url, key, api)


def _unsplash(settings: SourceSettings, api: Api) -> Source:
    key = _key(settings.unsplash_access_key, "UNSPLASH_ACCESS_KEY")
    return unsplash.Unsplash(settings.unsplash_api_url, key, api)


def _google(settings: SourceSettings, api: Api) -> Source:
    key = _key(settings.google_api_key, "GOOGLE_API_KEY")
    engine = _key(settings.google_cse_id, "GOOGLE_CSE_ID")
    return google.Google(settings.google_api_url, key, engine, api)


def _metasearch(engine: str) -> Opener:
    def opener(settings: SourceSettings, api: Api) -> Source:
        if not settings.crawl_experimental_sources:
            raise SourceNotConfigured("CRAWL_EXPERIMENTAL_SOURCES is not set")
        return metasearch.Metasearch(engine, api.turn)

    return opener


SOURCES: Final[dict[str, tuple[Opener, Pace]]] = {
    "openverse": (
        lambda settings, api: openverse.Openverse(settings.openverse_api_url, api),
        openverse.PACE,
    ),
    "wikimedia": (
        lambda settings, api: wikimedia.Wikimedia(settings.wikimedia_api_url, api),
        wikimedia.PACE,
    ),
    "flickr": (_flickr, flickr.PACE),
    "pexels": (_pexels, pexels.PACE),
    "pixabay": (_pixabay, pixabay.PACE),
    "unsplash": (_unsplash, unsplash.PACE),
    "google": (_google, google.PACE),
    "duckduckgo": (_metasearch("duckduckgo"), metasearch.PACE),
    "bing": (_metasearch("bing"), metasearch.PACE),
}

# How many results of a search the source lets anyone see, where that is fewer than all.
DEEPEST: Final = {
    "openverse": openverse.DEEPEST,
    "flickr": flickr.DEEPEST,
    "google": google.DEEPEST,
}

# The sources that find pictures on pages of people who never offered them: each host's robots.txt
# decides. The others are the offer of those whose files they list.
ROBOTS_DECIDE: Final = frozenset({"google", "duckduckgo", "bing", "url_list"})
