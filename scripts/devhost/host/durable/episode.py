"""One orchestrator episode: what the worker is asked, and what its answer changes."""

import datetime as dt
import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from scripts.devhost.host.durable.events import (
    COMPLETIONS,
    STATUS_NUMBERS,
    TERMINAL,
    Event,
    EventType,
    Status,
    event,
    execution_started,
    parent_instance,
    parse_timestamp,
)
from scripts.devhost.host.durable.replay import (
    NonDeterminismError,
    Replay,
    Scheduled,
    UnsupportedActionError,
)

_OUT_OF_PROC_MARK: Final = "\n\n$OutOfProcData$:"
_MAX_CUSTOM_STATUS_BYTES: Final = 16 * 1024


@dataclass(frozen=True)
class Instance:
    """The stored state of an orchestration instance."""

    id: str
    name: str
    execution_id: str
    status: Status
    input: str | None
    output: str | None
    custom_status: str | None
    created: str
    updated: str
    parent: dict[str, Any] | None
    version: str


@dataclass(frozen=True)
class Message:
    """An event for an instance, not to be delivered before `due`."""

    instance_id: str
    execution_id: str | None
    event: Event
    due: float = 0.0


@dataclass(frozen=True)
class ActivityItem:
    """An activity to run; `sequence` is its place in the store."""

    instance_id: str
    execution_id: str
    task_id: int
    name: str
    input: str | None
    sequence: int = 0


@dataclass
class Outcome:
    """Everything one episode changes, committed at once."""

    status: Status
    output: str | None = None
    custom_status: str | None = None
    history: list[Event] = field(default_factory=list)
    activities: list[ActivityItem] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    children: list[Event] = field(default_factory=list)
    continued: Event | None = None


@dataclass(frozen=True)
class Answer:
    """The worker's answer to an episode, read."""

    state: dict[str, Any]
    error: str | None
    is_readable: bool = True


def read_answer(text: str) -> Answer:
    """The state of an orchestrator that came to an end of its episode."""
    return Answer(json.loads(text), None)


def read_failure(text: str) -> Answer:
    """The state that an orchestrator's exception carries, if it does."""
    _, mark, carried = text.partition(_OUT_OF_PROC_MARK)
    if not mark:
        return Answer({"isDone": False, "actions": [[]]}, text, is_readable=False)
    state = json.loads(carried)
    return Answer(state, str(state.get("error", "")))


def accept(history: Sequence[Event], messages: Sequence[Message]) -> list[Event]:
    """The events to deliver: without results that the history has already."""
    seen = {_task_key(past) for past in history}
    accepted = []
    for message in messages:
        key = _task_key(message.event)
        if key is None or key not in seen:
            accepted.append(message.event)
            seen.add(key)
    return accepted


def _task_key(past: Event) -> tuple[str, int] | None:
    if past["EventType"] in COMPLETIONS:
        return "task", past["TaskScheduledId"]
    if past["EventType"] == EventType.TIMER_FIRED:
        return "timer", past["TimerId"]
    return None


def request_body(instance: Instance, history_texts: Sequence[str], new: Sequence[Event]) -> str:
    """The context that the orchestrator function is called with."""
    texts = [*history_texts, *map(json.dumps, new)]
    rest = {
        "input": None if instance.input is None else json.loads(instance.input),
        "instanceId": instance.id,
        "isReplaying": bool(history_texts),
        "parentInstanceId": _parent_id(instance),
        "upperSchemaVersion": 1,
        "upperSchemaVersionNew": 3,
        "longRunningTimerIntervalDuration": "3.00:00:00",
        "maximumShortTimerDuration": "6.00:00:00",
        "defaultHttpAsyncRequestSleepTimeMillseconds": 30000,
    }
    return f'{{"history": [{",".join(texts)}], {json.dumps(rest)[1:]}'


def _parent_id(instance: Instance) -> str | None:
    parent = instance.parent
    return None if parent is None else str(parent["OrchestrationInstance"]["InstanceId"])


class Episode:
    """Turns the worker's answer into an Outcome, by replaying it against the history."""

    def __init__(
        self,
        instance: Instance,
        history: Sequence[Event],
        new: Sequence[Event],
        answer: Answer,
        *,
        now: str,
        store_inputs: bool = False,
        unknown_name: Callable[[Scheduled], str | None] = lambda _: None,
    ) -> None:
        self._instance = instance
        self._history = history
        self._new = new
        self._answer = answer
        self._now = now
        self._store_inputs = store_inputs
        self._unknown_name = unknown_name
        self._replay = Replay(answer.state["actions"][0], instance.execution_id)

    def decide(self) -> Outcome:
        """What the episode changes."""
        custom_status = self._custom_status()
        if len((custom_status or "").encode("utf-16-le")) > _MAX_CUSTOM_STATUS_BYTES:
            custom_status = None
            outcome = self._failed("the custom status exceeds 16 KB of UTF-16 text")
        else:
            outcome = self._conclude()
        outcome.custom_status = custom_status
        if outcome.continued is not None:
            return outcome
        delivered = [
            new if new["EventType"] == EventType.ORCHESTRATOR_STARTED else {**new, "IsPlayed": True}
            for new in self._new
        ]
        outcome.history[:0] = delivered
        if outcome.status in TERMINAL:
            self._complete(outcome)
        outcome.history.append(event(EventType.ORCHESTRATOR_COMPLETED, self._now))
        return outcome

    def _conclude(self) -> Outcome:
        terminated = _first(self._new, EventType.EXECUTION_TERMINATED)
        if not self._answer.is_readable and terminated is None:
            return self._failed(self._answer.error or "")
        try:
            for past in [*self._history, *self._new]:
                self._replay.feed(past)
        except NonDeterminismError as error:
            return Outcome(Status.FAILED, str(error))
        except UnsupportedActionError as error:
            return self._failed(str(error))
        if terminated is not None:
            return Outcome(Status.TERMINATED, terminated["Input"])
        return self._ended() if self._replay.has_ended else self._running()

    def _ended(self) -> Outcome:
        replay, state = self._replay, self._answer.state
        if replay.continue_input is not None:
            return self._continued_as_new(replay.continue_input)
        if self._answer.error is not None:
            return self._failed(self._answer.error)
        if not state["isDone"]:
            return self._running()
        output = state.get("output")
        outcome = self._running()  # a timer created and cancelled in one go is still recorded
        outcome.status = Status.COMPLETED
        outcome.output = None if output is None else json.dumps(output)
        return outcome

    def _running(self) -> Outcome:
        status = Status.SUSPENDED if self._replay.suspended else Status.RUNNING
        output = None
        if status is Status.SUSPENDED:
            suspended = [
                past
                for past in [*self._history, *self._new]
                if past["EventType"] == EventType.EXECUTION_SUSPENDED
            ]
            output = suspended[-1].get("Reason")
        outcome = Outcome(status, output)
        for task_id, scheduled in sorted(self._replay.unscheduled.items()):
            problem = self._unknown_name(scheduled)
            if problem is not None:
                return self._failed(problem)
            self._schedule(outcome, task_id, scheduled)
        return outcome

    def _schedule(self, outcome: Outcome, task_id: int, scheduled: Scheduled) -> None:
        fields: dict[str, Any]
        if scheduled.kind is EventType.TIMER_CREATED:
            fields = {"FireAt": scheduled.fire_at}
            outcome.messages.append(self._timer_message(task_id, scheduled.fire_at))
        else:
            shown = scheduled.input if self._store_inputs else None
            fields = {"Name": scheduled.name, "Version": scheduled.version, "Input": shown}
            fields["Tags"] = None
        if scheduled.kind is EventType.TASK_SCHEDULED:
            owner = self._instance
            outcome.activities.append(
                ActivityItem(owner.id, owner.execution_id, task_id, scheduled.name, scheduled.input)
            )
        elif scheduled.kind is EventType.SUB_ORCHESTRATION_CREATED:
            fields["InstanceId"] = scheduled.instance_id
            outcome.children.append(self._child(task_id, scheduled))
        outcome.history.append(event(scheduled.kind, self._now, task_id, **fields))

    def _timer_message(self, task_id: int, fire_at: str) -> Message:
        fired = event(EventType.TIMER_FIRED, fire_at, TimerId=task_id, FireAt=fire_at)
        due = parse_timestamp(fire_at).timestamp()
        return Message(self._instance.id, self._instance.execution_id, fired, due)

    def _child(self, task_id: int, scheduled: Scheduled) -> Event:
        return execution_started(
            self._now,
            name=scheduled.name,
            instance_id=scheduled.instance_id,
            execution_id=uuid.uuid4().hex,
            input_text=json.dumps(scheduled.input),
            version=scheduled.version,
            parent=parent_instance(
                name=self._instance.name,
                instance_id=self._instance.id,
                execution_id=self._instance.execution_id,
                task_id=task_id,
            ),
        )

    def _continued_as_new(self, input_text: str) -> Outcome:
        outcome = Outcome(Status.CONTINUED_AS_NEW)
        outcome.continued = execution_started(
            self._now,
            name=self._instance.name,
            instance_id=self._instance.id,
            execution_id=uuid.uuid4().hex,
            input_text=json.dumps(input_text),
            version=self._instance.version,
            parent=self._instance.parent,
        )
        outcome.messages = [
            Message(self._instance.id, None, raised) for raised in self._replay.carried_over
        ]
        return outcome

    def _failed(self, error: str) -> Outcome:
        text = f"Orchestrator function '{self._instance.name}' failed: {error}"
        return Outcome(Status.FAILED, text)

    def _complete(self, outcome: Outcome) -> None:
        outcome.history.append(
            event(
                EventType.EXECUTION_COMPLETED,
                self._now,
                self._replay.next_id,
                OrchestrationStatus=STATUS_NUMBERS[outcome.status],
                Result=outcome.output,
                FailureDetails=None,
            )
        )
        parent = self._instance.parent
        if parent is None:
            return
        answer = child_answer(parent["TaskScheduleId"], outcome.status, outcome.output, self._now)
        waiting = parent["OrchestrationInstance"]
        outcome.messages.append(Message(waiting["InstanceId"], waiting["ExecutionId"], answer))

    def _custom_status(self) -> str | None:
        custom = self._answer.state.get("customStatus")
        return None if custom is None else json.dumps(custom)


def child_answer(task_id: int, status: Status, output: str | None, now: str) -> Event:
    """What the parent hears when a sub-orchestration has ended."""
    if status is Status.COMPLETED:
        return event(
            EventType.SUB_ORCHESTRATION_COMPLETED, now, TaskScheduledId=task_id, Result=output
        )
    return event(
        EventType.SUB_ORCHESTRATION_FAILED,
        now,
        TaskScheduledId=task_id,
        Reason=output,
        Details=None,
        FailureDetails=None,
    )


def utc_now() -> dt.datetime:
    """The host's clock."""
    return dt.datetime.now(dt.UTC)


def _first(events: Sequence[Event], kind: EventType) -> Event | None:
    return next((found for found in events if found["EventType"] == kind), None)
