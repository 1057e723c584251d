"""Run any function that is not HTTP at once, whatever its trigger waits for."""

import asyncio
import sqlite3
from collections.abc import Mapping
from typing import TYPE_CHECKING

from scripts.devhost.host.durable.engine import Engine
from scripts.devhost.host.errors import InvocationError
from scripts.devhost.host.function_rpc import text as value_of
from scripts.devhost.host.functions import Function
from scripts.devhost.host.log import get_log
from scripts.devhost.host.timers import Timer
from scripts.devhost.host.workers import WorkerPool

if TYPE_CHECKING:
    from scripts.devhost.host.queues import QueueListener


class OnDemand:
    """Starts functions because somebody asked for it."""

    def __init__(
        self,
        pool: WorkerPool,
        engine: Engine,
        listeners: Mapping[str, "QueueListener"],
        timers: Mapping[str, Timer],
    ) -> None:
        self._pool = pool
        self._engine = engine
        self._listeners = listeners
        self._timers = timers
        self._running: set[asyncio.Task[None]] = set()
        self._log = get_log("admin")

    def start(self, function: Function, text: str) -> None:
        """Run the function in the background with that trigger value."""
        task = asyncio.create_task(self._run(function, text))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _run(self, function: Function, text: str) -> None:
        try:
            if function.is_disabled:
                self._log.warning("%s is disabled and does not run", function.name)
            elif function.kind == "httpTrigger":
                raise InvocationError("NotSupportedException: An HttpRequest is required")
            elif function.name in self._timers:
                await self._timers[function.name].fire()
            elif function.name in self._listeners:
                await self._listeners[function.name].run_now(text)
            elif function.kind == "orchestrationTrigger":
                self._engine.start(function.durable_name, None, text or None, None)
            else:
                await self._pool.invoke(function, value_of(text))
        except (InvocationError, sqlite3.OperationalError) as error:
            self._log.error("%s failed: %s", function.name, error)
