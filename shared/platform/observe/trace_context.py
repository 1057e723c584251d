"""W3C trace context: the format of ``traceparent``."""

import re

# Version 00; what a later version appends is ignored. All zeros stand for "none".
TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?P<trace>(?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?"
)
MAX_LENGTH = 128


def trace_id_of(traceparent: str | None) -> str | None:
    """The trace id of a well-formed ``traceparent``."""
    if not traceparent or len(traceparent) > MAX_LENGTH:
        return None
    match = TRACEPARENT.fullmatch(traceparent)
    return match["trace"] if match else None
