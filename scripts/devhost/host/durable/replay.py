"""The host's side of a replay: which tasks does an orchestrator's action list stand for?

The SDK answers each episode with every action since the start. This simulation walks the history
once, starts the actions in turn as the .NET shim awaits them, gives every task the sequence id
that the SDK also counts, and is left with the tasks that the history does not know yet.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from scripts.devhost.host.durable.events import (
    COMPLETIONS,
    FAILURES,
    ActionType,
    Event,
    EventType,
    parse_timestamp,
    timestamp,
)

Action = dict[str, Any]
_UNSUPPORTED: Final = {
    ActionType.CALL_ENTITY: "call_entity",
    ActionType.SIGNAL_ENTITY: "signal_entity",
    ActionType.CALL_HTTP: "call_http",
}


class NonDeterminismError(Exception):
    """The orchestrator did not do again what its history says it did."""


class UnsupportedActionError(Exception):
    """The orchestrator asks for something the local host does not offer."""


@dataclass
class Task:
    """Something an orchestrator can wait for."""

    done: bool = False
    failed: bool = False
    _callbacks: list[Callable[["Task"], None]] = field(default_factory=list)

    def then(self, callback: Callable[["Task"], None]) -> None:
        """Call back now or as soon as the task is done."""
        if self.done:
            callback(self)
        else:
            self._callbacks.append(callback)

    def finish(self, *, failed: bool = False) -> None:
        """Mark as done, once."""
        if self.done:
            return
        self.done, self.failed = True, failed
        for callback in self._callbacks:
            callback(self)


@dataclass(frozen=True)
class Scheduled:
    """A task that took a sequence id: an activity, sub-orchestration or timer."""

    kind: EventType
    name: str = ""
    input: str | None = None
    instance_id: str = ""
    version: str = ""
    fire_at: str = ""


class Replay:
    """Feed it the whole history, then read what is new."""

    def __init__(self, actions: Sequence[Action], execution_id: str) -> None:
        self.next_id = 0
        self.unscheduled: dict[int, Scheduled] = {}
        self.open: dict[int, Task] = {}
        self.continue_input: str | None = None
        self.carried_over: list[Event] = []
        self.suspended = False
        self.finished = False
        self._actions = actions
        self._position = 0
        self._execution_id = execution_id
        self._now = dt.datetime.min.replace(tzinfo=dt.UTC)
        self._waiting: defaultdict[str, list[Task]] = defaultdict(list)
        self._buffered: defaultdict[str, int] = defaultdict(int)
        self._held: list[Event] = []

    @property
    def has_ended(self) -> bool:
        """Whether a result, error or continue-as-new may take effect: no task is open."""
        return self.finished and not self.open and not self.suspended

    def feed(self, event: Event) -> None:
        """Take the next event of the history."""
        kind = EventType(event["EventType"])
        if kind is EventType.ORCHESTRATOR_STARTED:
            self._now = parse_timestamp(event["Timestamp"])
        elif kind is EventType.EXECUTION_SUSPENDED:
            self.suspended = True
        elif kind is EventType.EXECUTION_RESUMED:
            self.suspended = False
            held, self._held = self._held, []
            for kept in held:
                self.feed(kept)
        elif self.suspended:
            self._held.append(event)
        else:
            self._apply(kind, event)

    def _apply(self, kind: EventType, event: Event) -> None:
        if kind is EventType.EXECUTION_STARTED:
            self._advance()
        elif kind in (
            EventType.TASK_SCHEDULED,
            EventType.SUB_ORCHESTRATION_CREATED,
            EventType.TIMER_CREATED,
        ):
            self._confirm(kind, event)
        elif kind in COMPLETIONS:
            self._complete(event["TaskScheduledId"], failed=kind in FAILURES)
        elif kind is EventType.TIMER_FIRED:
            self._complete(event["TimerId"], failed=False)
        elif kind is EventType.EVENT_RAISED:
            self._raise(event)

    def _advance(self, _: Task | None = None) -> None:
        """Start actions in turn, each when the one before it is done."""
        while self._position < len(self._actions):
            task = self._start(self._actions[self._position])
            self._position += 1
            if self.continue_input is not None:
                break
            if not task.done:
                task.then(self._advance)
                return
        self.finished = True

    def _start(self, action: Action) -> Task:
        kind = ActionType(action["actionType"])
        if kind in _UNSUPPORTED:
            raise UnsupportedActionError(f"{_UNSUPPORTED[kind]} is not offered by the local host")
        if kind in (ActionType.WHEN_ALL, ActionType.WHEN_ANY):
            return self._compound(action, wait_for_all=kind is ActionType.WHEN_ALL)
        if "retryOptions" in action:
            return self._with_retry(action)
        if kind is ActionType.CALL_ACTIVITY:
            return self._schedule(
                Scheduled(EventType.TASK_SCHEDULED, action["functionName"], action["input"])
            )
        if kind is ActionType.CALL_SUB_ORCHESTRATOR:
            return self._sub_orchestration(action)
        if kind is ActionType.CREATE_TIMER:
            fire_at = timestamp(parse_timestamp(action["fireAt"]))
            return self._timer(fire_at, cancelled=action.get("isCanceled", False))
        if kind is ActionType.WAIT_FOR_EXTERNAL_EVENT:
            return self._wait(action["externalEventName"].lower())
        self.continue_input = action["input"]
        return Task(done=True)

    def _schedule(self, scheduled: Scheduled) -> Task:
        task = Task()
        self.unscheduled[self.next_id] = scheduled
        self.open[self.next_id] = task
        self.next_id += 1
        return task

    def _sub_orchestration(self, action: Action) -> Task:
        return self._schedule(
            Scheduled(
                EventType.SUB_ORCHESTRATION_CREATED,
                action["functionName"],
                action["input"],
                instance_id=action.get("instanceId") or f"{self._execution_id}:{self.next_id}",
                version=action.get("version") or "",
            )
        )

    def _timer(self, fire_at: str, *, cancelled: bool = False) -> Task:
        timer_id = self.next_id
        task = self._schedule(Scheduled(EventType.TIMER_CREATED, fire_at=fire_at))
        if cancelled:
            del self.open[timer_id]
            task.finish()
        return task

    def _wait(self, name: str) -> Task:
        task = Task()
        if self._buffered[name]:
            self._buffered[name] -= 1
            task.finish()
        else:
            self._waiting[name].append(task)
        return task

    def _compound(self, action: Action, *, wait_for_all: bool) -> Task:
        children = [self._start(child) for child in action["compoundActions"]]
        whole = Task(done=not children)

        def child_done(_: Task) -> None:
            if not wait_for_all or all(child.done for child in children):
                whole.finish(failed=any(child.failed for child in children))

        for child in children:
            child.then(child_done)
        return whole

    def _with_retry(self, action: Action) -> Task:
        """Each failure costs a timer, also the last one, whose delay is zero."""
        options = action["retryOptions"]
        plain = {name: value for name, value in action.items() if name != "retryOptions"}
        plain["actionType"] -= 1  # each call "with retry" follows its plain form
        whole = Task()

        def attempt(number: int) -> None:
            def done(task: Task) -> None:
                if not task.failed:
                    whole.finish()
                    return
                is_last = number >= options["maxNumberOfAttempts"]
                delay = 0.0 if is_last else retry_delay(options, number)
                fire_at = timestamp(self._now + dt.timedelta(milliseconds=delay))
                self._timer(fire_at).then(
                    lambda _: whole.finish(failed=True) if is_last else attempt(number + 1)
                )

            self._start(plain).then(done)

        attempt(1)
        return whole

    def _confirm(self, kind: EventType, event: Event) -> None:
        planned = self.unscheduled.get(event["EventId"])
        name = event.get("Name") or ""
        if planned is None or planned.kind is not kind or planned.name.lower() != name.lower():
            replayed = "nothing" if planned is None else f"{planned.kind.name} {planned.name}"
            raise NonDeterminismError(
                "Non-Deterministic workflow detected: the history has "
                f"{kind.name} {name} with the sequence number {event['EventId']}, "
                f"but the orchestrator scheduled {replayed.rstrip()}."
            )
        del self.unscheduled[event["EventId"]]

    def _complete(self, task_id: int, *, failed: bool) -> None:
        task = self.open.pop(task_id, None)
        if task is not None:  # otherwise a duplicate, or a timer that was cancelled
            task.finish(failed=failed)

    def _raise(self, event: Event) -> None:
        name = event["Name"].lower()
        if self.continue_input is not None:
            self.carried_over.append(event)
        elif self._waiting[name]:
            self._waiting[name].pop().finish()  # the newest waiter goes first
        else:
            self._buffered[name] += 1


def retry_delay(options: dict[str, Any], attempt: int) -> float:
    """Milliseconds to wait after that failed attempt (counted from 1)."""
    first = float(options["firstRetryIntervalInMilliseconds"])
    delay = first * float(options.get("backoffCoefficient") or 1) ** (attempt - 1)
    highest = options.get("maxRetryIntervalInMilliseconds")
    return min(delay, float(highest)) if highest else delay
