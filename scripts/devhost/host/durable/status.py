"""Instances and histories as the management API shows them."""

import json
from collections.abc import Sequence
from typing import Any, Final

from scripts.devhost.host.durable.events import (
    COMPLETIONS,
    EVENT_NAMES,
    STATUS_NUMBERS,
    Event,
    EventType,
)
from scripts.devhost.host.durable.records import Instance

_SCHEDULING: Final = (EventType.TASK_SCHEDULED, EventType.SUB_ORCHESTRATION_CREATED)
_NOT_SHOWN: Final = (EventType.ORCHESTRATOR_STARTED, EventType.ORCHESTRATOR_COMPLETED)
_START_FIELDS: Final = ("Correlation", "ParentTraceContext", "ScheduledStartTime")
_STATUS_NAMES: Final = {number: str(status) for status, number in STATUS_NUMBERS.items()}


def status_json(instance: Instance, *, show_input: bool = True) -> dict[str, Any]:
    """The status of an instance, without its history."""
    return {
        "name": instance.name,
        "instanceId": instance.id,
        "runtimeStatus": str(instance.status),
        "input": json_value(instance.input) if show_input else None,
        "customStatus": json_value(instance.custom_status),
        "output": json_value(instance.output),
        "createdTime": _whole_seconds(instance.created),
        "lastUpdatedTime": _whole_seconds(instance.updated),
    }


def listed_json(instance: Instance, *, show_input: bool) -> dict[str, Any]:
    """The status of an instance in a list, which also names its parent."""
    shown = status_json(instance, show_input=show_input)
    if instance.parent is not None:
        shown["parentInstanceId"] = instance.parent["OrchestrationInstance"]["InstanceId"]
    return shown


def json_value(text: str | None) -> Any:
    """The value of a JSON text; text that is not JSON stands for itself."""
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text


def _whole_seconds(moment: str) -> str:
    return moment.partition(".")[0] + "Z"


def history_json(
    history: Sequence[Event], *, show_input: bool, show_output: bool
) -> list[dict[str, Any]]:
    """The history as callers see it: each task is one entry, made when it ended."""
    scheduled = {past["EventId"]: past for past in history if past["EventType"] in _SCHEDULING}
    shown = []
    for past in history:
        kind = EventType(past["EventType"])
        if kind in _NOT_SHOWN or (kind in _SCHEDULING and _has_ended(past, history)):
            continue
        entry = _entry(kind, past, show_input=show_input, show_output=show_output)
        if kind in COMPLETIONS and past["TaskScheduledId"] in scheduled:
            begun = scheduled[past["TaskScheduledId"]]
            entry |= {"ScheduledTime": begun["Timestamp"], "FunctionName": begun["Name"]}
            if "InstanceId" in begun:
                entry["InstanceId"] = begun["InstanceId"]
            if show_input:
                entry["Input"] = begun["Input"]
        shown.append(entry)
    return shown


def _has_ended(begun: Event, history: Sequence[Event]) -> bool:
    return any(
        past["EventType"] in COMPLETIONS and past["TaskScheduledId"] == begun["EventId"]
        for past in history
    )


def _entry(kind: EventType, past: Event, *, show_input: bool, show_output: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {"EventType": EVENT_NAMES[kind], "Timestamp": past["Timestamp"]}
    hidden = {"EventType", "EventId", "IsPlayed", "Timestamp", "TaskScheduledId", "TimerId"}
    if kind is EventType.EXECUTION_STARTED:
        entry["FunctionName"] = past["Name"]
        entry |= {name: past.get(name) for name in _START_FIELDS}
        entry |= {"Generation": 0, "GenerateNewTrace": False}
        if show_input:
            entry["Input"] = past["Input"]
        return entry
    if kind is EventType.EXECUTION_COMPLETED:
        entry["OrchestrationStatus"] = _STATUS_NAMES[past["OrchestrationStatus"]]
        hidden.add("OrchestrationStatus")
    if not show_output:
        hidden.add("Result")
    if not show_input:
        hidden.add("Input")
    if kind is EventType.EVENT_RAISED:
        entry["ParentTraceContext"] = None
    values = {name: value for name, value in past.items() if name not in hidden}
    if "Result" in values:  # an input is shown as the text that it is
        values["Result"] = json_value(values["Result"])
    return entry | values
