"""The trace that a request began, carried into logs and side effects."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from shared.platform.observe.logging import log_context
from shared.platform.observe.telemetry import span
from shared.platform.observe.trace_context import trace_id_of

_current: ContextVar[str | None] = ContextVar("traceparent", default=None)


@contextmanager
def carry_trace(traceparent: str | None, name: str = "work") -> Iterator[None]:
    """Makes ``traceparent`` the current one inside; a malformed one is none.

    Where spans are recorded, it is the new span's: it continues ``traceparent`` or is a new trace.
    """
    with span(name, traceparent if trace_id_of(traceparent) else None) as carried:
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
