"""The other end of a source's client, and every source that speaks JSON."""

from collections.abc import Callable
from typing import Any

import httpx

from shared.sources.api import Api
from shared.sources.flickr import Flickr
from shared.sources.google import Google
from shared.sources.openverse import Openverse
from shared.sources.pexels import Pexels
from shared.sources.pixabay import Pixabay
from shared.sources.source import Source
from shared.sources.unsplash import Unsplash
from shared.sources.wikimedia import Wikimedia
from tests.unit.sources import keyed_fixtures as keyed
from tests.unit.sources.fixtures import COMMONS, OPENVERSE

Answer = httpx.Response | Exception

OPEN: dict[str, Callable[[Api], Source]] = {
    "openverse": lambda api: Openverse("https://openverse.example/v1", api),
    "wikimedia": lambda api: Wikimedia("https://commons.example/w/api.php", api),
    "flickr": lambda api: Flickr("https://flickr.example/rest/", "k3y", api),
    "pexels": lambda api: Pexels("https://pexels.example/v1", "k3y", api),
    "pixabay": lambda api: Pixabay("https://pixabay.example/api/", "k3y", api),
    "unsplash": lambda api: Unsplash("https://unsplash.example", "k3y", api),
    "google": lambda api: Google("https://google.example/v1", "k3y", "engine:1", api),
}
GOOD: dict[str, dict[str, Any]] = {
    "openverse": OPENVERSE,
    "wikimedia": COMMONS,
    "flickr": keyed.FLICKR,
    "pexels": keyed.PEXELS,
    "pixabay": keyed.PIXABAY,
    "unsplash": keyed.UNSPLASH,
    "google": keyed.GOOGLE,
}


class Network:
    """Gives the answers in turn, the last one for ever."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = answers
        self.requests: list[httpx.Request] = []
        self.http = httpx.AsyncClient(transport=httpx.MockTransport(self._handle))
        self.api = Api(self.http, user_agent="Test/1", first_wait=0.001)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        answer = self.answers[min(len(self.requests), len(self.answers) - 1)]
        self.requests.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def parameters(self, number: int = 0) -> dict[str, str]:
        return dict(self.requests[number].url.params)


def answering(answer: dict[str, Any]) -> Network:
    return Network(httpx.Response(200, json=answer))
