"""Timer triggers: schedule monitor, past-due runs, no overlap."""

import asyncio
import datetime as dt
import json
import os
import sqlite3
from dataclasses import asdict, dataclass
from typing import Final
from zoneinfo import ZoneInfo

from scripts.devhost.host.dotnet import offset_time
from scripts.devhost.host.durable.store import Store
from scripts.devhost.host.errors import InvocationError
from scripts.devhost.host.faults import Faults
from scripts.devhost.host.function_rpc import json_text
from scripts.devhost.host.functions import Function
from scripts.devhost.host.indexing import read_schedule
from scripts.devhost.host.log import get_log
from scripts.devhost.host.ncrontab import Schedule
from scripts.devhost.host.outputs import OutputSender
from scripts.devhost.host.workers import WorkerPool

_NEVER: Final = dt.datetime.min.replace(tzinfo=dt.UTC)
_SHORTEST_PAUSE: Final = 0.001


@dataclass(frozen=True)
class _Status:
    """When a timer last ran, is to run next, and from when the next run was counted."""

    Last: dt.datetime
    Next: dt.datetime
    LastUpdated: dt.datetime

    @classmethod
    def from_stored(cls, stored: dict[str, str]) -> "_Status":
        return cls(**{name: dt.datetime.fromisoformat(text) for name, text in stored.items()})

    def shown(self) -> dict[str, str]:
        return {name: offset_time(moment) for name, moment in asdict(self).items()}


class Timer:
    """Runs one timer function at its times, for ever."""

    def __init__(
        self,
        function: Function,
        pool: WorkerPool,
        store: Store,
        outputs: OutputSender,
        faults: Faults,
    ) -> None:
        trigger = function.trigger
        self._function = function
        self._pool = pool
        self._store = store
        self._outputs = outputs
        self._faults = faults
        self._schedule = read_schedule(trigger)
        self._runs_on_startup = bool(trigger.get("runOnStartup"))
        wants_monitor = trigger.get("useMonitor") is not False
        self._is_monitored = wants_monitor and not self._schedule.is_frequent
        self._log = get_log(function.name)

    async def run(self) -> None:
        """Keep the schedule until cancelled."""
        self._log.debug("the timer is using the schedule %s", self._schedule)
        now = _now()
        stored = self._stored() if self._is_monitored else None
        is_past_due = False
        if stored is None:
            status = _Status(_NEVER, self._schedule.next_after(now), _NEVER)
            self._save(_Status(_NEVER, status.Next, now))
        else:
            status = _after_change(stored, self._schedule, now)
            self._save(status)
            is_past_due = now > status.Next
        if is_past_due or self._runs_on_startup:
            status = await self._run_once(status, is_past_due=is_past_due)
        while True:
            pause = (status.Next - _now()).total_seconds()
            await asyncio.sleep(max(_SHORTEST_PAUSE, pause))
            if _now() >= status.Next:
                status = await self._run_once(status)

    async def _run_once(self, status: _Status, *, is_past_due: bool = False) -> _Status:
        """Run the function; the next run is counted from when this one began."""
        began = _now()
        await self._invoke(status, is_past_due=is_past_due)
        following = _Status(began, self._schedule.next_after(began), began)
        self._save(following)
        return following

    async def fire(self) -> None:
        """Run the function once, outside of its schedule."""
        await self._invoke(self._stored(), is_past_due=False)

    async def _invoke(self, status: _Status | None, *, is_past_due: bool) -> None:
        """Run the function once; its failure does not stop the schedule."""
        self._faults.reach("timer.invoke")
        body = {
            "Schedule": {"AdjustForDST": self._schedule.adjusts_for_dst},
            "ScheduleStatus": status.shown() if status and self._is_monitored else None,
            "IsPastDue": is_past_due,
        }
        try:
            answer = await self._pool.invoke(
                self._function,
                json_text(json.dumps(body)),
                on_sent=lambda pid: self._faults.reach_worker("timer.invoke", pid),
            )
            await self._outputs.send(self._function, answer)
        except InvocationError as error:
            self._log.error("failed: %s\n%s", error, error.trace.rstrip())
        self._faults.reach("timer.done")

    def _stored(self) -> _Status | None:
        stored = self._store.schedule_status(self._function.name)
        return None if stored is None else _Status.from_stored(stored)

    def _save(self, status: _Status) -> None:
        if not self._is_monitored:
            return
        try:
            self._store.save_schedule_status(self._function.name, status.shown())
        except sqlite3.OperationalError as error:
            self._log.error("cannot store when it is to run next: %s", error)


def _after_change(stored: _Status, schedule: Schedule, now: dt.datetime) -> _Status:
    """The stored status; if the schedule has changed since, with the next run by the new one."""
    counted_from = stored.Last if stored.Last != _NEVER else stored.LastUpdated
    following = schedule.next_after(counted_from.astimezone(now.tzinfo))
    if following == stored.Next:
        return stored
    if now > following:  # of the new schedule nothing has been missed
        counted_from, following = now, schedule.next_after(now)
    return _Status(_NEVER, following, counted_from)


def _now() -> dt.datetime:
    """The time in the zone of schedules: WEBSITE_TIME_ZONE, else the machine's."""
    name = os.environ.get("WEBSITE_TIME_ZONE")
    return dt.datetime.now(ZoneInfo(name)) if name else dt.datetime.now().astimezone()
