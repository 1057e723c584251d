"""Trying again what may pass: one rule for every call over the network.

At most three tries, 2 and then 4 s apart, each logged; only after a timeout, a network error, a 429
or a 5xx. Nothing is tried again while rows are locked: whoever holds them comes again later. Steps
of an orchestration (`orchestrations/engine.py`) and the outbox have a pace of their own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import inf
from typing import Any, Final, TypeVar

import aiohttp
import httpx
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    stop_before_delay,
    wait_exponential,
)

from shared.platform.observe.logging import get_logger

log = get_logger(__name__)

_T = TypeVar("_T")

ATTEMPTS: Final = 3
FIRST_WAIT: Final = 2.0  # seconds; the waits double
LONGEST_WAIT: Final = 5  # times the first one
# A server that asks for more patience than this is left alone.
RETRY_AFTER_MOST: Final = 30.0
# Where somebody waits for the answer: no try begins later than this after the first failure.
REQUEST_SECONDS: Final = 10.0
# The Azure SDK's own retries are off, and it gives up on a silent server; in seconds.
SDK_OPTIONS: Final[dict[str, Any]] = {
    "retry_total": 0, "connection_timeout": 5, "read_timeout": 20,
}  # fmt: skip
_NETWORK: Final = (
    TimeoutError, ConnectionError, httpx.TimeoutException, httpx.NetworkError,
    httpx.RemoteProtocolError, aiohttp.ClientConnectionError, aiohttp.ClientPayloadError,
    aiohttp.ClientResponseError,  # of what is no HTTP
)  # fmt: skip

# What a request over httpx can end in: the transport over aiohttp maps most errors, not all.
NETWORK_ERRORS: Final = (httpx.HTTPError, aiohttp.ClientError)


class Refused(Exception):
    """An answer that is no result. ``retry_after``: the seconds the server asked to wait."""

    may_pass = False

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def status_may_pass(status: int) -> bool:
    """Whether the same request may be answered better in a moment."""
    return status == httpx.codes.TOO_MANY_REQUESTS or httpx.codes.is_server_error(status)


def may_pass(error: BaseException) -> bool:
    """Whether the call that failed so may succeed in a moment, whichever library raised it."""
    if isinstance(error, Refused):
        return error.may_pass
    if (answer := _answer(error)) is not None:
        return status_may_pass(answer.status_code)
    return any(isinstance(each, _NETWORK) for each in (error, error.__cause__))


def never_began(error: BaseException) -> bool:
    """Whether the server has surely done nothing of the call: for what must not be done twice.

    There was no connection, or the answer is 429. A 503 may come from a gateway whose server has
    done it, and the transport over aiohttp calls a server that hangs up a `ConnectTimeout`.
    """
    if (answer := _answer(error)) is not None:
        return bool(answer.status_code == httpx.codes.TOO_MANY_REQUESTS)
    return any(isinstance(each, httpx.ConnectError) for each in (error, error.__cause__))


async def retried(
    call: Callable[[], Awaitable[_T]],
    host: str,
    *,
    attempts: int = ATTEMPTS,
    first_wait: float = FIRST_WAIT,
    seconds: float = inf,
    passes: Callable[[BaseException], bool] = may_pass,
    on_retry: Callable[[Any], None] | None = None,
) -> _T:
    """The call's result; it is repeated while it fails with what ``passes``.

    The waits double from ``first_wait`` up to five times that; the server's own word goes first.
    No try begins later than ``seconds`` after the first failure. ``on_retry`` is told of each
    failure that is tried again.

    Raises:
        Exception: whatever the last try raised.
    """

    def is_tried_again(error: BaseException) -> bool:
        return passes(error) and (_asked(error) or 0) <= RETRY_AFTER_MOST

    def note(state: RetryCallState) -> None:
        error = _failure(state)
        attempt = f"{state.attempt_number}/{attempts}"
        log.bind(attempt=attempt, host=host, error=_words(error)).warning("retried")
        if on_retry:
            on_retry(error)

    try:  # without tenacity: it takes 0.1 ms of CPU even where the first try succeeds
        return await call()
    except Exception as error:
        if attempts < 2 or not is_tried_again(error):
            raise
        failures = [error]

    async def next_try() -> _T:
        if failures:
            raise failures.pop()
        return await call()

    return await AsyncRetrying(
        stop=stop_after_attempt(attempts) | stop_before_delay(seconds),
        wait=_Wait(multiplier=first_wait, max=first_wait * LONGEST_WAIT),
        retry=retry_if_exception(is_tried_again),
        before_sleep=note,
        sleep=pause,
        reraise=True,
    )(next_try)


async def pause(seconds: float) -> None:
    """Waits before the next try."""
    await asyncio.sleep(seconds)


def without_own_retries(session: aiohttp.ClientSession) -> aiohttp.ClientSession:
    """The session; left to itself it asks whoever hangs up once more, at once and unlogged."""
    session._retry_connection = False  # aiohttp has no public name for it
    return session


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, whether the server gave seconds or a date."""
    value = headers.get("retry-after", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        return None
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


class _Wait(wait_exponential):
    """The server's own word, or else a growing wait."""

    def __call__(self, retry_state: RetryCallState) -> float:
        asked = _asked(_failure(retry_state))
        return super().__call__(retry_state) if asked is None else asked


def _failure(state: RetryCallState) -> Any:
    return state.outcome and state.outcome.exception()


def _answer(error: BaseException) -> Any:
    """The HTTP answer that the error speaks of: httpx's or the Azure SDK's, if not wrapped."""
    for each in (error, error.__cause__):
        if hasattr(answer := getattr(each, "response", None), "status_code"):
            return answer
    return None


def _asked(error: BaseException) -> float | None:
    if isinstance(error, Refused):
        return error.retry_after
    answer = _answer(error)
    return None if answer is None else retry_after(answer.headers)


def _words(error: BaseException) -> str:
    """What is logged: no URL, which may hold a signature."""
    if isinstance(error, Refused):
        return str(error)
    if (answer := _answer(error)) is not None:
        return f"status {answer.status_code}"
    return f"{type(error).__name__}: {error}"
