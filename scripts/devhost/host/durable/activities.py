"""Activities: take those that are due under lease, run them on the workers, store their results."""

import asyncio
import contextlib
import sqlite3
from math import inf
from typing import Final

from scripts.devhost.host.durable.events import Event, task_completed, task_failed, timestamp
from scripts.devhost.host.durable.records import ActivityItem
from scripts.devhost.host.durable.store import Store
from scripts.devhost.host.durable.wire import utc_now
from scripts.devhost.host.errors import InvocationError
from scripts.devhost.host.faults import Faults
from scripts.devhost.host.function_rpc import read_text, text
from scripts.devhost.host.functions import FunctionTable
from scripts.devhost.host.log import get_log
from scripts.devhost.host.settings import DurableSettings
from scripts.devhost.host.workers import WorkerPool

PAYLOAD_LIMIT: Final = 16 * 1024


class ActivityRunner:
    """Runs activities, within the limit of host.json.

    What runs is leased to this host, and the lease renewed while it runs. When the host dies,
    another takes the activity up as soon as its lease has run out, and not before.
    """

    def __init__(
        self,
        store: Store,
        pool: WorkerPool,
        functions: FunctionTable,
        settings: DurableSettings,
        faults: Faults,
        *,
        strict_sizes: bool,
    ) -> None:
        self.oversized = 0
        self._store = store
        self._pool = pool
        self._functions = functions
        self._limit = settings.max_activities
        self._faults = faults
        self._strict_sizes = strict_sizes
        self._lease = settings.work_item_visibility
        self._running: set[int] = set()
        self._renewed = 0.0
        self._log = get_log("durable")

    @property
    def renewal_due(self) -> float:
        """When leases must be renewed."""
        return self._renewed + self._lease / 2 if self._running else inf

    def take(self, now: float) -> list[ActivityItem]:
        """The activities to run now, leased; what runs already is held on to."""
        if now >= self.renewal_due:
            self._store.lease_activities(list(self._running), now + self._lease)
            self._renewed = now
        free = self._limit - len(self._running)
        if free <= 0:
            return []
        pending = self._store.pending_activities(free * 4, now)
        waiting = [item for item in pending if item.sequence not in self._running]
        chosen = self._faults.order(waiting)[:free]
        if chosen:
            numbers = [item.sequence for item in chosen]
            self._store.lease_activities(numbers, now + self._lease)
            self._running.update(numbers)
        return chosen

    def release(self) -> None:
        """Leave what has not ended to the next host at once."""
        with contextlib.suppress(sqlite3.OperationalError):  # else when its lease has run out
            self._store.lease_activities(list(self._running), 0)

    async def run(self, item: ActivityItem) -> None:
        """Run one that was taken, and store its result."""
        try:
            result = await self._result(item)
            self._faults.reach("activity.done")
            self._store.complete_activity(item, result)
            self._faults.reach("activity.stored")
        except sqlite3.OperationalError as error:
            self._log.error("%s: cannot store the result: %s", item.name, error)
            await asyncio.sleep(1)
        finally:
            self._running.discard(item.sequence)

    async def _result(self, item: ActivityItem) -> Event:
        function = self._functions.activity(item.name)
        try:
            if function is None:
                raise InvocationError(self._functions.missing(item.name, "activity"))
            self._refuse_oversize(item.name, "input", item.input)
            self._faults.reach("activity.invoke")
            answer = await self._pool.invoke(
                function,
                text("null" if item.input is None else item.input),
                on_sent=lambda pid: self._faults.reach_worker("activity.invoke", pid),
            )
            result = read_text(answer.return_value)
            self.check_size(item.name, "output", result)
            self._refuse_oversize(item.name, "output", result)
        except InvocationError as error:
            self._log.warning("%s failed: %s\n%s", item.name, error, error.trace.rstrip())
            return task_failed(
                timestamp(utc_now()), item.task_id, item.name, str(error), error.trace
            )
        return task_completed(timestamp(utc_now()), item.task_id, result)

    def check_size(self, name: str, what: str, value: str | None) -> None:
        """Count and name a payload that the history should not hold."""
        size = len(value or "")
        if size > PAYLOAD_LIMIT:
            self.oversized += 1
            self._log.warning("%s: its %s has %d bytes, more than 16 KB", name, what, size)

    def _refuse_oversize(self, name: str, what: str, value: str | None) -> None:
        if self._strict_sizes and len(value or "") > PAYLOAD_LIMIT:
            raise InvocationError(f"ValueError: the {what} of {name} is larger than 16 KB")
