"""Two operations in each other's way: one stops before a statement of its, until the other waits.

What can become a deadlock between two then does, without chance.
"""

import asyncio
from contextvars import ContextVar
from typing import Any, Self

import psycopg

from shared.app.settings import Settings
from shared.platform.data import db
from shared.platform.data.db import Database
from tests.integration.locks.operations import Operation
from tests.integration.locks.world import World

PATIENCE_SECONDS = 20.0


class Halt:
    """Holds an operation before its statement of that number, counted from nought."""

    def __init__(self, before: int) -> None:
        self._left = before
        self.reached, self.over = asyncio.Event(), asyncio.Event()

    async def step(self) -> None:
        self._left -= 1
        if self._left < 0 and not self.reached.is_set():
            self.reached.set()
            await self.over.wait()


_halt: ContextVar[Halt | None] = ContextVar("halt", default=None)


class SteppingCursor(db._Cursor):
    """Comes to a halt where the task that uses it is told to."""

    async def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        if halt := _halt.get():
            await halt.step()
        return await super().execute(query, params, **options)


async def interleave(
    monitor: psycopg.AsyncConnection, world: World, first: Operation, second: Operation, at: int
) -> tuple[list[BaseException | None], bool]:
    """How both end, and whether ``first`` has so many statements.

    ``second`` runs while ``first`` halts before its statement number ``at``.
    """
    halt = Halt(at)
    async with asyncio.timeout(PATIENCE_SECONDS):
        one = asyncio.create_task(_run(first, world, halt))
        reached = asyncio.create_task(halt.reached.wait())
        await asyncio.wait((one, reached), return_when=asyncio.FIRST_COMPLETED)
        reached.cancel()
        other = asyncio.create_task(_run(second, world, None))
        while not (other.done() or await _somebody_waits(monitor)):
            await asyncio.wait((other,), timeout=0.003)
        halt.over.set()
        return [await one, await other], halt.reached.is_set()


async def _run(operation: Operation, world: World, halt: Halt | None) -> BaseException | None:
    _halt.set(halt)
    try:
        await operation(world)
    except Exception as error:  # noqa: BLE001 - a refusal is an end like any other
        return error
    return None


async def _somebody_waits(monitor: psycopg.AsyncConnection) -> bool:
    cursor = await monitor.execute(
        "SELECT FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return cursor.rowcount > 0


def open_stepping(settings: Settings) -> Database:
    """The database as the app opens it, but for cursors that halt."""
    opened = Database(settings)
    opened._pool.kwargs["cursor_factory"] = SteppingCursor  # type: ignore[index]
    return opened
