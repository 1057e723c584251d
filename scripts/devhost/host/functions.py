"""The app's functions as the host sees them: names and bindings, never code."""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from scripts.devhost.host.retries import RetryPolicy

Binding = dict[str, Any]


@dataclass(frozen=True)
class Function:
    """One function and its bindings, as the worker reported them."""

    name: str
    bindings: tuple[Binding, ...]
    id: str = ""
    retry: RetryPolicy | None = None

    @classmethod
    def from_metadata(cls, metadata: Any) -> "Function":
        """The function that an RpcFunctionMetadata describes."""
        bindings = tuple(json.loads(text) for text in metadata.raw_bindings)
        has_policy = metadata.HasField("retry_options")
        retry = RetryPolicy.from_options(metadata.retry_options) if has_policy else None
        return cls(metadata.name, bindings, metadata.function_id, retry)

    @property
    def triggers(self) -> list[Binding]:
        """All bindings that are triggers; a sound function has one."""
        return [b for b in self.bindings if b["type"].lower().endswith("trigger")]

    @property
    def trigger(self) -> Binding:
        """The trigger."""
        return self.triggers[0]

    @cached_property
    def clients(self) -> tuple[str, ...]:
        """The parameters that are given a durable client."""
        return tuple(b["name"] for b in self.bindings if b["type"] == "durableClient")

    @property
    def kind(self) -> str:
        """The trigger's type, such as `httpTrigger`."""
        return str(self.trigger["type"])

    @cached_property
    def returns(self) -> str | None:
        """The type of the `$return` binding, or None."""
        return next((b["type"] for b in self.bindings if b["name"] == "$return"), None)

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


def in_order(functions: Iterable[Function]) -> list[Function]:
    """The functions in the host's order: by name, ignoring case."""
    return sorted(functions, key=lambda function: function.name.upper())


class FunctionTable:
    """All functions of the app, in the host's order.

    Those in error are known but not offered, while the rest runs.
    """

    def __init__(self, functions: Iterable[Function], errors: Mapping[str, str]) -> None:
        self.declared = list(functions)
        self.errors = errors
        self.all = in_order(self.declared)
        self.offered = [function for function in self.all if function.name not in errors]
        self.enabled = [function for function in self.offered if not function.is_disabled]
        self._durable = {(f.kind, f.durable_name.lower()): f for f in self.enabled}

    def of_kind(self, kind: str) -> list[Function]:
        """The enabled functions with that trigger type."""
        return [function for function in self.enabled if function.kind == kind]

    def missing(self, name: str, kind: Literal["activity", "orchestrator"]) -> str:
        """The extension's words on a name that no function answers to."""
        trigger = "activityTrigger" if kind == "activity" else "orchestrationTrigger"
        known = ", ".join(f"'{f.durable_name}'" for f in self.declared if f.kind == trigger)
        return (
            f"The function '{name}' doesn't exist, is disabled, or is not an {kind} "
            f"function. Additional info: The following are the known {kind} functions: {known}."
        )

    def activity(self, name: str) -> Function | None:
        """The activity of that durable name, ignoring case."""
        return self._durable.get(("activityTrigger", name.lower()))

    def orchestrator(self, name: str) -> Function | None:
        """The orchestrator of that durable name, ignoring case."""
        return self._durable.get(("orchestrationTrigger", name.lower()))
