"""Asking a source's JSON API, and distrusting the answer."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any, Final, TypeVar

import httpx
from pydantic import AfterValidator, BaseModel, ValidationError

from shared.platform.net.retry import (
    ATTEMPTS,
    FIRST_WAIT,
    NETWORK_ERRORS,
    retried,
    retry_after,
    status_may_pass,
)
from shared.sources.source import Proof, SearchRefused, SourceThrottled, SourceUnavailable

MOST_BYTES: Final = 5 * 1024 * 1024
MOST_SECONDS: Final = 20.0
MOST_RESULTS: Final = 1_000  # of a page, several times what any source gives
# MediaWiki's, and Flickr's for a search or a service that is down at the moment.
_PASSING: Final = frozenset({"readonly", "error 10", "error 105"})
_THROTTLED: Final = frozenset({"maxlag", "ratelimited"})  # MediaWiki's
_QUERY_REFUSED: Final = frozenset({400, 404, 414, 422})  # another query may be answered
# Flickr's, Pixabay's and Google's key, and Google's engine: nobody is told.
KEY_PARAMETERS: Final = frozenset({"api_key", "key", "cx"})


Model = TypeVar("Model", bound=BaseModel)


class _MayPass(SourceUnavailable):
    """Worth another try."""

    may_pass = True


def _storable(text: str) -> str:
    """Without what PostgreSQL's text cannot hold: NUL and lone surrogates."""
    return text.replace("\0", "").encode(errors="ignore").decode().strip()


# What an answer says in words, and an address to fetch or to show.
Words = Annotated[str, AfterValidator(_storable), AfterValidator(lambda text: text[:1000])]


async def _at_once() -> None:
    """The turn of who need not wait."""


@dataclass(frozen=True, slots=True)
class Api:
    """GET requests with an honest name, few ``attempts``, and a bound on time and size.

    Each attempt waits for its ``turn`` at the source.
    """

    http: httpx.AsyncClient
    user_agent: str
    first_wait: float = FIRST_WAIT
    turn: Callable[[], Awaitable[None]] = _at_once
    attempts: int = ATTEMPTS

    async def get(
        self, url: str, parameters: dict[str, str], headers: Mapping[str, str] | None = None
    ) -> tuple[dict[str, Any], Proof]:
        """The JSON object that the API answers with, and what proves it.

        Raises:
            SourceUnavailable: it answers anything else, or not at all.
            SourceBusy: our turn would come too late.
            SourceThrottled: it still says that it is only busy.
        """
        return await retried(
            lambda: self._try(url, parameters, headers or {}),
            httpx.URL(url).host,
            attempts=self.attempts,
            first_wait=self.first_wait,
        )

    async def _try(
        self, url: str, parameters: dict[str, str], headers: Mapping[str, str]
    ) -> tuple[dict[str, Any], Proof]:
        await self.turn()
        headers = {"user-agent": self.user_agent, "accept": "application/json", **headers}
        try:
            async with (
                asyncio.timeout(MOST_SECONDS),
                self.http.stream("GET", url, params=parameters, headers=headers) as response,
            ):
                _check_status(response)
                body, at = await _read(response), datetime.now(UTC)
        except TimeoutError:
            raise _MayPass(f"no answer within {MOST_SECONDS:g} s") from None
        except NETWORK_ERRORS as error:
            raise _MayPass(type(error).__name__) from None
        except (httpx.InvalidURL, UnicodeError):  # made of what the answer before told us to ask
            raise SourceUnavailable("a page that cannot be asked for") from None
        answer = _parse(body, response)
        return answer, Proof(_shown(response.url), at, sha256(body).hexdigest())


def _shown(url: httpx.URL) -> str:
    """The address without what only we may know."""
    for name in KEY_PARAMETERS.intersection(url.params):
        url = url.copy_remove_param(name)
    return str(url.copy_with(userinfo=b""))


def _check_status(response: httpx.Response) -> None:
    if response.is_success:
        return
    status, wait = response.status_code, retry_after(response.headers)
    kind = _MayPass if status_may_pass(status) else SourceUnavailable
    if status in _QUERY_REFUSED:
        kind = SearchRefused
    if status == httpx.codes.TOO_MANY_REQUESTS or (
        status == httpx.codes.SERVICE_UNAVAILABLE and wait is not None
    ):
        kind = SourceThrottled
    raise kind(f"status {status}", retry_after=wait)


async def _read(response: httpx.Response) -> bytes:
    if "," in response.headers.get("content-encoding", ""):  # each multiplies what a bomb is worth
        raise SourceUnavailable("an answer that is compressed twice")
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MOST_BYTES:
            raise SourceUnavailable(f"an answer of more than {MOST_BYTES} bytes")
    return bytes(body)


def _parse(body: bytes, response: httpx.Response) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        raise SourceUnavailable("an answer that is not JSON") from None
    if not isinstance(answer, dict):
        raise SourceUnavailable("an answer that is not a JSON object")
    if (code := _told_error(answer)) is not None:
        wait = retry_after(response.headers)
        if code in _THROTTLED:
            raise SourceThrottled(code, retry_after=wait)
        raise (_MayPass if code in _PASSING else SourceUnavailable)(code, retry_after=wait)
    return answer


def _told_error(answer: dict[str, Any]) -> str | None:
    """The error that MediaWiki and Flickr tell with status 200."""
    error = answer.get("error")
    if isinstance(error, dict):
        return _storable(str(error.get("code")))[:100]
    if answer.get("stat") == "fail":
        return _storable(f"error {answer.get('code')}")[:100]
    return None


def usable(kind: type[Model], results: Any) -> list[Model]:
    """The results that have what every result has: one that is broken takes no other with it.

    Raises:
        SourceUnavailable: there is no list of results.
    """
    if not isinstance(results, list):
        raise SourceUnavailable("an answer without results")
    found = []
    for result in results[:MOST_RESULTS]:
        with contextlib.suppress(ValidationError):
            found.append(kind.model_validate(result))
    return found


def stated_total(number: Any) -> int | None:
    """How many results the answer says that there are: a number, which some write as text."""
    if isinstance(number, str) and number.isascii() and number.isdigit():
        number = int(number[:18])
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        return None
    return number
