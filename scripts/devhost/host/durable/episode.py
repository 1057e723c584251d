"""One orchestrator episode: what the worker's answer changes."""

import json
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Final

from scripts.devhost.host.durable.events import (
    STATUS_NUMBERS,
    TERMINAL,
    Event,
    EventType,
    Status,
    child_answer,
    event,
    execution_started,
    parent_instance,
    parse_timestamp,
    timestamp,
)
from scripts.devhost.host.durable.records import ActivityItem, Instance, Message, Outcome
from scripts.devhost.host.durable.replay import (
    NonDeterminismError,
    Replay,
    Scheduled,
    UnsupportedActionError,
)
from scripts.devhost.host.durable.wire import Answer

_MAX_CUSTOM_STATUS_BYTES: Final = 16 * 1024


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
        timer_speed: float = 1.0,
        unknown_activity: Callable[[Scheduled], str | None] = lambda _: None,
    ) -> None:
        self._instance = instance
        self._history = history
        self._new = new
        self._answer = answer
        self._now = now
        self._store_inputs = store_inputs
        self._timer_speed = timer_speed
        self._unknown_activity = unknown_activity
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
        if outcome.continued is not None or outcome.stuck_because:
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
        if terminated is not None:
            return Outcome(Status.TERMINATED, terminated["Input"])
        if not self._answer.is_readable:
            return self._failed(self._answer.error or "")
        try:
            for past in [*self._history, *self._new]:
                self._replay.feed(past)
        except NonDeterminismError as error:
            return Outcome(Status.FAILED, str(error))
        except UnsupportedActionError as error:
            return self._failed(str(error))
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
        told = [
            past.get("Reason")
            for past in [*self._history, *self._new]
            if past["EventType"] in (EventType.EXECUTION_SUSPENDED, EventType.EXECUTION_RESUMED)
        ]
        output = told[-1] if told else None
        outcome = Outcome(status, output)
        for task_id, scheduled in sorted(self._replay.unscheduled.items()):
            problem = self._unknown_activity(scheduled)
            if problem is not None:
                # The real extension gives the whole episode up, and nothing wakes the instance.
                return Outcome(status, output, stuck_because=problem)
            self._schedule(outcome, task_id, scheduled)
        return outcome

    def _schedule(self, outcome: Outcome, task_id: int, scheduled: Scheduled) -> None:
        fields: dict[str, Any]
        if scheduled.kind is EventType.TIMER_CREATED:
            fields = {"FireAt": scheduled.fire_at}
            outcome.messages.append(self._timer_message(task_id, scheduled.fire_at))
        else:
            shown = scheduled.input if self._store_inputs else None
            fields = {"Name": scheduled.name, "Version": scheduled.version or None, "Input": shown}
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
        now = parse_timestamp(self._now)
        due = now + (parse_timestamp(fire_at) - now) / self._timer_speed
        fired = event(EventType.TIMER_FIRED, timestamp(due), TimerId=task_id, FireAt=fire_at)
        return Message(self._instance.id, self._instance.execution_id, fired)

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
                1 + max((past["EventId"] for past in self._history), default=-1),
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


def _first(events: Sequence[Event], kind: EventType) -> Event | None:
    return next((found for found in events if found["EventType"] == kind), None)
