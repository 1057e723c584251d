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
from scripts.devhost.host.messages import json_text
from scripts.devhost.host.ncrontab import Schedule, parse_schedule
from scripts.devhost.host.outputs import OutputSender
from scripts.devhost.host.settings import expand
from scripts.devhost.host.workers import WorkerPool

_MONITOR_THRESHOLD: Final = dt.timedelta(minutes=1)
_NEVER: Final = "0001-01-01T00:00:00+00:00"


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
        self._schedule = parse_schedule(expand(trigger["schedule"], f"Function {function.name}"))
        self._runs_on_startup = bool(trigger.get("runOnStartup"))
        wants_monitor = trigger.get("useMonitor") is not False
        self._is_monitored = wants_monitor and _period(self._schedule) >= _MONITOR_THRESHOLD
        self._log = get_log(function.name)

    async def run(self) -> None:
        """Keep the schedule until cancelled."""
        if self._is_past_due():
            await self.fire(past_due=True)
        elif self._runs_on_startup:
            await self.fire(past_due=False)
        planned = self._schedule.next_after(_now())
        if self._is_monitored and self._status() is None:
            self._save(last=_NEVER, following=planned)
        while True:
            await asyncio.sleep(max(0.0, (planned - _now()).total_seconds()))
            if _now() < planned:
                continue
            await self.fire(past_due=False)
            # A run that began early by clock skew must not be repeated at its planned time.
            planned = self._schedule.next_after(max(_now(), planned))

    async def fire(self, *, past_due: bool) -> None:
        """Run the function once; its failure does not stop the schedule."""
        self._faults.reach("timer.invoke")
        started = _now()
        body = {
            "Schedule": {"AdjustForDST": True},
            "ScheduleStatus": self._status(),
            "IsPastDue": past_due,
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
        except WorkerLost:
            self._log.error("the worker died while the timer ran")
        self._faults.reach("timer.done")
        if self._is_monitored:
            following = self._schedule.next_after(_now())
            self._save(last=started.isoformat(), following=following)

    def _is_past_due(self) -> bool:
        """Whether an occurrence passed while no host was running.

        It is counted from the last run, so that a changed schedule is taken into account.
        """
        status = self._status()
        if status is None:
            return False
        base = status["LastUpdated"] if status["Last"] == _NEVER else status["Last"]
        return _now() > self._schedule.next_after(dt.datetime.fromisoformat(base))

    def _status(self) -> dict[str, str] | None:
        return self._store.schedule_status(self._function.name) if self._is_monitored else None

    def _save(self, *, last: str, following: dt.datetime) -> None:
        status = {"Last": last, "Next": following.isoformat(), "LastUpdated": _now().isoformat()}
        self._store.save_schedule_status(self._function.name, status)


def _now() -> dt.datetime:
    """The time in the zone of schedules: WEBSITE_TIME_ZONE, else the machine's."""
    name = os.environ.get("WEBSITE_TIME_ZONE")
    return dt.datetime.now(ZoneInfo(name)) if name else dt.datetime.now().astimezone()


def _period(schedule: Schedule) -> dt.timedelta:
    first = schedule.next_after(dt.datetime.now(dt.UTC))
    return schedule.next_after(first) - first
