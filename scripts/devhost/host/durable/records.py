"""What the durable engine stores and what one episode changes."""

from dataclasses import dataclass, field
from typing import Any

from scripts.devhost.host.durable.events import Event, Status, parse_timestamp


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
    """An event for an instance, to be delivered from the event's own time on."""

    instance_id: str
    execution_id: str | None
    event: Event

    @property
    def due(self) -> float:
        """When the event may be delivered: later than now for a timer."""
        return parse_timestamp(self.event["Timestamp"]).timestamp()


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
    stuck_because: str = ""
