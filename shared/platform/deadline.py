"""A time limit that holds whatever the work under it does about being cancelled.

psycopg answers a cancellation by asking the server to cancel, and waits for its word: under
``asyncio.timeout`` a server that accepts connections and says nothing is waited for without end.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
_abandoned: set[asyncio.Task[Any]] = set()


async def within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """The result of ``work``, which is left to end on its own when it takes longer.

    Raises:
        TimeoutError: it takes longer than ``seconds``.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
        if not task.done():
            raise TimeoutError(f"not within {seconds:g} s")
        return task.result()
    finally:
        if not task.done():
            _abandon(task)


def _abandon(task: asyncio.Task[Any]) -> None:
    _abandoned.add(task)  # a loop holds its tasks weakly
    task.add_done_callback(_forget)
    task.cancel()


def _forget(task: asyncio.Task[Any]) -> None:
    _abandoned.discard(task)
    if not task.cancelled():
        task.exception()  # nobody waits for it any more
