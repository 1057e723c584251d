"""Trying again what may pass: few times, further and further apart, each time logged."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential,
)

from shared.platform.logging import get_logger

log = get_logger(__name__)

# A server that asks for more patience than this is left alone.
RETRY_AFTER_MOST: Final = 30.0


class Refused(Exception):
    """An answer that is no result. ``retry_after``: the seconds the server asked to wait."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def retrying(
    host: str,
    may_pass: Callable[[Refused], bool],
    *,
    attempts: int = 3,
    first_wait: float = 2,
) -> AsyncRetrying:
    """Repeats a call that raises a `Refused` which may pass.

    The waits double from ``first_wait`` up to five times that; the server's own word goes first.
    """
    backoff = wait_exponential(multiplier=first_wait, min=first_wait, max=5 * first_wait)

    def wait(state: RetryCallState) -> float:
        asked = getattr(_error(state), "retry_after", None)
        return backoff(state) if asked is None else asked

    def is_worth_it(error: BaseException) -> bool:
        patient = getattr(error, "retry_after", None) or 0
        return isinstance(error, Refused) and patient <= RETRY_AFTER_MOST and may_pass(error)

    def say(state: RetryCallState) -> None:
        attempt = f"{state.attempt_number}/{attempts}"
        log.bind(attempt=attempt, host=host, error=str(_error(state))).warning("retried")

    return AsyncRetrying(
        stop=stop_after_attempt(attempts),
        wait=wait,
        retry=retry_if_exception(is_worth_it),
        before_sleep=say,
        reraise=True,
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, whether the server gave seconds or a date."""
    value = headers.get("retry-after", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
