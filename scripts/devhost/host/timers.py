"""Timer triggers: schedule monitor, past-due runs, no overlap."""

import asyncio
import datetime as dt
import json
import os
from typing import Final
from zoneinfo import ZoneInfo

from scripts.devhost.host.durable.store import Store
from scripts.devhost.host.errors import InvocationError, WorkerLost
from scripts.devhost.host.faults import Faults
from scripts.devhost.host.functions import Function
from scripts.devhost.host.log import get_log
from scripts.devhost.host.ncrontab import Schedule, parse_schedule
from scripts.devhost.host.outputs import OutputSender
from scripts.devhost.host.settings import expand
from scripts.devhost.host.workers import WorkerPool

_MONITOR_THRESHOLD: Final = dt.timedelta(minutes=1)


def local_zone() -> dt.tzinfo | None:
    """The zone of schedules: WEBSITE_TIME_ZONE, else (None) the machine's."""
    name = os.environ.get("WEBSITE_TIME_ZONE") or os.environ.get("TZ")
    return ZoneInfo(name) if name else None


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
        self._text = expand(trigger["schedule"], f"Function {function.name}")
        self._schedule = parse_schedule(self._text)
        self._runs_on_startup = bool(trigger.get("runOnStartup"))
        wants_monitor = trigger.get("useMonitor") is not False
        self._monitored = wants_monitor and _period(self._schedule) >= _MONITOR_THRESHOLD
        self._log = get_log(function.name)

    async def run(self) -> None:
        """Keep the schedule until cancelled."""
        planned = self._load()
        now = self._now()
        if self._monitored and planned is not None and now > planned:
            await self.fire(past_due=True)
            planned = None
        elif self._runs_on_startup:
            await self.fire(past_due=False)
            planned = None
        if planned is None:
            planned = self._plan(self._now())
        while True:
            await asyncio.sleep(max(0.0, (planned - self._now()).total_seconds()))
            now = self._now()
            if now < planned:
                continue
            await self.fire(past_due=False)
            # A run that began early by clock skew must not be repeated at its planned time.
            planned = self._plan(max(self._now(), planned))

    async def fire(self, *, past_due: bool) -> None:
        """Run the function once; its failure does not stop the schedule."""
        self._faults.reach("timer.invoke")
        status = self._status()
        body = {
            "Schedule": {"AdjustForDST": True},
            "ScheduleStatus": status,
            "IsPastDue": past_due,
        }
        started = self._now()
        try:
            _, outputs = await self._pool.invoke(
                self._function.name,
                json.dumps(body),
                lambda pid: self._faults.reach_worker("timer.invoke", pid),
            )
            await self._outputs.send(self._function, outputs)
        except InvocationError as error:
            self._log.error("failed: %s\n%s", error, error.trace.rstrip())
        except WorkerLost:
            self._log.error("the worker died while the timer ran")
        self._faults.reach("timer.done")
        if self._monitored:
            self._save(last=started, following=self._schedule.next_after(self._now()))

    def _now(self) -> dt.datetime:
        return dt.datetime.now(local_zone()).astimezone(local_zone())

    def _plan(self, after: dt.datetime) -> dt.datetime:
        following = self._schedule.next_after(after)
        if self._monitored:
            status = self._status()
            last = after if status is None else dt.datetime.fromisoformat(status["Last"])
            self._save(last=last, following=following)
        return following

    def _status(self) -> dict[str, str] | None:
        if not self._monitored:
            return None
        return self._store.schedule_status(self._function.name, self._text)

    def _load(self) -> dt.datetime | None:
        """The stored next run; None if there is none or the schedule was changed."""
        status = self._status()
        return None if status is None else dt.datetime.fromisoformat(status["Next"])

    def _save(self, *, last: dt.datetime, following: dt.datetime) -> None:
        status = {
            "Last": last.isoformat(),
            "Next": following.isoformat(),
            "LastUpdated": self._now().isoformat(),
        }
        self._store.save_schedule_status(self._function.name, self._text, status)


def _period(schedule: Schedule) -> dt.timedelta:
    first = schedule.next_after(dt.datetime.now(dt.UTC))
    return schedule.next_after(first) - first
