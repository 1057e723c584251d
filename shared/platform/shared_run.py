"""One run at a time of what many ask for at once."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class SharedRun(Generic[T]):
    """Work that is done once for all who ask while it is under way ("single flight")."""

    def __init__(self) -> None:
        self._running: asyncio.Task[T] | None = None

    async def result(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What ``work`` comes to: of the run that is under way, or of a new one.

        A run goes on when those who wait for it give up.
        """
        if self._running is None:
            self._running = asyncio.create_task(work())
            self._running.add_done_callback(self._end)
        return await asyncio.shield(self._running)

    def _end(self, run: asyncio.Task[T]) -> None:
        self._running = None
        if not run.cancelled():
            run.exception()  # perhaps nobody waits for it any more
