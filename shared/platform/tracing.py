"""W3C trace context: the ``traceparent`` of a request, carried into logs and side effects."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from shared.platform.logging import log_context

# Version 00; what a later version appends is ignored. All zeros stand for "none".
TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?P<trace>(?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?"
)
MAX_LENGTH = 128

_current: ContextVar[str | None] = ContextVar("traceparent", default=None)


def trace_id_of(traceparent: str | None) -> str | None:
    """The trace id of a well-formed ``traceparent``."""
    if not traceparent or len(traceparent) > MAX_LENGTH:
        return None
    match = TRACEPARENT.fullmatch(traceparent)
    return match["trace"] if match else None


@contextmanager
def carry_trace(traceparent: str | None) -> Iterator[None]:
    """Makes ``traceparent`` the current one inside; a malformed one is none."""
    trace_id = trace_id_of(traceparent)
    token = _current.set(traceparent if trace_id else None)
    try:
        with log_context(**({"trace_id": trace_id} if trace_id else {})):
            yield
    finally:
        _current.reset(token)


def current_traceparent() -> str | None:
    """The ``traceparent`` of the request or message being worked on."""
    return _current.get()
