"""An episode as it travels to the worker and back."""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from scripts.devhost.host.durable.events import COMPLETIONS, Event, EventType
from scripts.devhost.host.durable.records import Instance, Message

_OUT_OF_PROC_MARK: Final = "\n\n$OutOfProcData$:"


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


def utc_now() -> dt.datetime:
    """The host's clock."""
    return dt.datetime.now(dt.UTC)
