"""The app's functions as the host sees them: names and bindings, never code."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Binding = dict[str, Any]


@dataclass(frozen=True)
class Function:
    """One function and its bindings, as the worker reported them."""

    name: str
    bindings: tuple[Binding, ...]

    @property
    def triggers(self) -> list[Binding]:
        """All bindings that are triggers; a sound function has one."""
        return [b for b in self.bindings if b["type"].lower().endswith("trigger")]

    @property
    def trigger(self) -> Binding:
        """The trigger."""
        return self.triggers[0]

    @property
    def kind(self) -> str:
        """The trigger's type, such as `httpTrigger`."""
        return str(self.trigger["type"])

    @property
    def durable_name(self) -> str:
        """The name by which orchestrations know an activity or orchestrator."""
        alias = self.trigger.get("activity") or self.trigger.get("orchestration")
        return str(alias or self.name)

    @property
    def is_disabled(self) -> bool:
        """Whether the setting AzureWebJobs.<name>.Disabled switches the function off."""
        name = f"AzureWebJobs.{self.name}.Disabled"
        values = (os.environ.get(name), os.environ.get(name.replace(".", "_")))
        return any(value is not None and value.lower() in ("true", "1") for value in values)

    def binding(self, name: str) -> Binding:
        """The binding of that name."""
        return next(b for b in self.bindings if b["name"] == name)


class FunctionTable:
    """All enabled functions of the app, in the host's order: by name, ignoring case."""

    def __init__(self, functions: Iterable[Function]) -> None:
        self.all = sorted(functions, key=lambda function: function.name.upper())
        self.enabled = [function for function in self.all if not function.is_disabled]
        self._durable = {(f.kind, f.durable_name.lower()): f for f in self.enabled}

    def of_kind(self, kind: str) -> list[Function]:
        """The enabled functions with that trigger type."""
        return [function for function in self.enabled if function.kind == kind]

    def find(self, name: str) -> Function | None:
        """The enabled function of that name, ignoring case."""
        wanted = name.lower()
        return next((f for f in self.enabled if f.name.lower() == wanted), None)

    def activity(self, name: str) -> Function | None:
        """The activity of that durable name, ignoring case."""
        return self._durable.get(("activityTrigger", name.lower()))

    def orchestrator(self, name: str) -> Function | None:
        """The orchestrator of that durable name, ignoring case."""
        return self._durable.get(("orchestrationTrigger", name.lower()))
