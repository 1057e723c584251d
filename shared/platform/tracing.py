"""W3C trace context: the ``traceparent`` of a request, carried into logs and side effects."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar

from shared.platform.logging import log_context

# Version 00; what a later version appends is ignored. All zeros stand for "none".
TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?P<trace>(?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?"
)
MAX_LENGTH = 128

Span = Callable[[str, str | None], AbstractContextManager[str | None]]


def _unrecorded(name: str, traceparent: str | None) -> AbstractContextManager[str | None]:
    return nullcontext(traceparent)


_span: Span = _unrecorded
_current: ContextVar[str | None] = ContextVar("traceparent", default=None)


def trace_id_of(traceparent: str | None) -> str | None:
    """The trace id of a well-formed ``traceparent``."""
    if not traceparent or len(traceparent) > MAX_LENGTH:
        return None
    match = TRACEPARENT.fullmatch(traceparent)
    return match["trace"] if match else None


def use_spans(span: Span) -> None:
    """Has all work recorded by ``span``, which is given a name and what to continue."""
    global _span
    _span = span


@contextmanager
def carry_trace(traceparent: str | None, name: str = "work") -> Iterator[None]:
    """Makes ``traceparent`` the current one inside; a malformed one is none.

    Where spans are recorded, it is the new span's: it continues ``traceparent`` or is a new trace.
    """
    with _span(name, traceparent if trace_id_of(traceparent) else None) as carried:
        trace_id = trace_id_of(carried)
        token = _current.set(carried)
        try:
            with log_context(**({"trace_id": trace_id} if trace_id else {})):
                yield
        finally:
            _current.reset(token)


def current_traceparent() -> str | None:
    """The ``traceparent`` of the request or message being worked on."""
    return _current.get()
