"""The simulation, held against the SDK.

After every episode of a running instance the ids that the replay leaves open are compared with
the ids that the SDK itself waits for: host and SDK must count alike.
"""

import json
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import azure.durable_functions as df
from azure.durable_functions.models.DurableOrchestrationContext import DurableOrchestrationContext
from azure.durable_functions.models.TaskOrchestrationExecutor import TaskOrchestrationExecutor

from scripts.devhost.host.durable.events import Event, EventType, Status, event, timestamp
from scripts.devhost.host.durable.records import ActivityItem, Instance, Message, Outcome
from scripts.devhost.host.durable.replay import Replay
from scripts.devhost.host.durable.wire import Answer
from scripts.devhost.simulation import INSTANCE, Simulation, orchestrators_of

MOST_STEPS = 500

Activity = Callable[[Any], Any]
Steps = Generator[Any, Any, Any]
Simulate = Callable[..., "ComparedSimulation"]


def wrapped(*orchestrators: Any) -> dict[str, Any]:
    """What the host calls of an app of nothing but these."""
    app = df.DFApp()
    for orchestrator in orchestrators:
        app.orchestration_trigger(context_name="context")(orchestrator)
    return orchestrators_of(app)


class ComparedSimulation(Simulation):
    """Its activities are functions by name, and end one after the other."""

    def __init__(
        self, directory: Path, orchestrators: dict[str, Any], activities: dict[str, Activity]
    ) -> None:
        def answer(item: ActivityItem) -> Any:
            return activities[item.name](json.loads(item.input or "null"))

        super().__init__(directory, orchestrators, answer, lambda pending: pending[:1])
        self._steps = 0

    def step(self) -> bool:
        self._steps += 1
        assert self._steps < MOST_STEPS, "it does not settle"
        return super().step()

    def send(self, kind: EventType, *, instance_id: str = INSTANCE, **fields: Any) -> None:
        self.store.send(Message(instance_id, None, event(kind, timestamp(self.now), **fields)))

    def raise_event(self, name: str, data: Any = None) -> None:
        self.send(EventType.EVENT_RAISED, Name=name, Input=json.dumps(json.dumps(data)))

    def until(self, reached: Callable[[], bool]) -> None:
        """Go on until something is the case."""
        while not reached():
            assert self.step(), self.outcome()

    def settle(self) -> Instance:
        """Go on without moving the clock."""
        while self.step_now():
            pass
        return self.instance()

    def look(self, instance: Instance, body: str, reply: Answer, outcome: Outcome) -> None:
        if outcome.status is Status.RUNNING and reply.error is None:
            self._compare_open_tasks(self.orchestrators[instance.name], body, reply)

    @staticmethod
    def _compare_open_tasks(orchestrator: Any, body: str, reply: Answer) -> None:
        context = DurableOrchestrationContext.from_json(body)
        executor = TaskOrchestrationExecutor()
        executor.execute(context, context.histories, orchestrator.orchestrator_function)
        if executor.has_execution_completed:
            return  # the SDK stops reading the history once user code has returned
        replay = Replay(reply.state["actions"][0], "any")
        for past in json.loads(body)["history"]:
            replay.feed(past)
        waiting = {
            number
            for number, task in context.open_tasks.items()
            if isinstance(number, int) and not getattr(task, "is_cancelled", False)
        }
        # The SDK goes on at the first failure of a task_all, the host waits for its siblings:
        # what the SDK has scheduled since has no id on the host's side yet.
        assert {number for number in waiting if number < replay.next_id} == set(replay.open)

    def outcome(self, instance_id: str = INSTANCE) -> tuple[str, Any]:
        """Status and output."""
        found = self.instance(instance_id)
        output = found.output
        is_json = found.status is Status.COMPLETED and output is not None
        return str(found.status), json.loads(output or "") if is_json else output

    def layout(self, instance_id: str = INSTANCE) -> str:
        """The history in short: type#id of what was created, type(id) of what came back."""
        return " ".join(_short(past) for past in self.store.history(instance_id))


def _short(past: Event) -> str:
    kind, number = past["EventType"], past["EventId"]
    answered = past.get("TaskScheduledId", past.get("TimerId"))
    if number >= 0:
        return f"{kind}#{number}"
    return str(kind) if answered is None else f"{kind}({answered})"
