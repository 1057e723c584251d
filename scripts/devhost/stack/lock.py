"""One supervisor per stack: it holds a lock that the kernel releases when it dies."""

import fcntl
from typing import IO, Final

from scripts.devhost.stack.layout import Layout

# The exit code of a supervisor that found another one at work.
ALREADY_RUNNING: Final = 3


def take(lock: IO[str], kind: int = fcntl.LOCK_EX) -> bool:
    """Whether the lock could be had without waiting."""
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_running(layout: Layout) -> bool:
    """Whether a supervisor lives for this stack."""
    try:
        with layout.lock.open() as lock:
            return not take(lock, fcntl.LOCK_SH)
    except FileNotFoundError:
        return False
