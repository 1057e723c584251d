"""Drive the real SDK with the host's store and episodes, in one process and in virtual time.

After every episode of a running instance the ids that the replay leaves open are compared with
the ids that the SDK itself waits for: host and SDK must count alike.
"""

import datetime as dt
import json
import uuid
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func
from azure.durable_functions.models.DurableOrchestrationContext import DurableOrchestrationContext
from azure.durable_functions.models.TaskOrchestrationExecutor import TaskOrchestrationExecutor

from scripts.devhost.host.durable.episode import Episode
from scripts.devhost.host.durable.events import (
    Event,
    EventType,
    Status,
    event,
    execution_started,
    task_completed,
    task_failed,
    timestamp,
)
from scripts.devhost.host.durable.records import ActivityItem, Instance, Message
from scripts.devhost.host.durable.replay import Replay
from scripts.devhost.host.durable.store import Batch, Store
from scripts.devhost.host.durable.wire import (
    Answer,
    accept,
    read_answer,
    read_failure,
    request_body,
)

Activity = Callable[[Any], Any]
Steps = Generator[Any, Any, Any]
Simulate = Callable[..., "Simulation"]


def app_of(*orchestrators: Any) -> Any:
    """A function app of nothing but these."""
    app = df.DFApp()
    for orchestrator in orchestrators:
        app.orchestration_trigger(context_name="context")(orchestrator)
    return app


Orchestrator = Callable[[Any], Any]


class Simulation:
    """An engine whose clock moves only to the next due timer."""

    def __init__(self, directory: Path, app: Any, activities: dict[str, Activity]) -> None:
        self.store = Store(directory / "simulation.sqlite3")
        self.now = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
        self.activities = activities
        self.load(app)

    def load(self, app: Any) -> None:
        """Take the orchestrators of an app, as a deployment of new code does."""
        self.orchestrators = {
            function.get_function_name(): function.get_user_function()
            for function in app.get_functions()
        }

    def start(self, name: str, given: Any = None, *, instance_id: str = "one") -> str:
        started = execution_started(
            timestamp(self.now),
            name=name,
            instance_id=instance_id,
            execution_id=uuid.uuid4().hex,
            input_text=None if given is None else json.dumps(json.dumps(given)),
        )
        assert self.store.start(started)
        return instance_id

    def send(self, kind: EventType, *, instance_id: str = "one", **fields: Any) -> None:
        self.store.send(Message(instance_id, None, event(kind, timestamp(self.now), **fields)))

    def raise_event(self, name: str, data: Any = None) -> None:
        self.send(EventType.EVENT_RAISED, Name=name, Input=json.dumps(json.dumps(data)))

    def run(self, *, activities: bool = True) -> Instance:
        """Go on until nothing is due before the next timer, then jump, until all is done."""
        for _ in range(500):
            if not self.step(activities=activities):
                return self.instance()
        raise AssertionError("it does not settle")

    def until(self, reached: Callable[[], bool]) -> None:
        """Go on until something is the case."""
        while not reached():
            assert self.step(), self.outcome()

    def settle(self) -> Instance:
        """Go on without moving the clock."""
        while self._step_now(activities=True):
            pass
        return self.instance()

    def step(self, *, activities: bool = True) -> bool:
        if self._step_now(activities=activities):
            return True
        due = self.store.next_due(self.now.timestamp())
        if due is not None:
            self.now = dt.datetime.fromtimestamp(due, dt.UTC)
        return due is not None

    def _step_now(self, *, activities: bool) -> bool:
        now = self.now.timestamp()
        for instance_id in self.store.ready_instances(now):
            batch = self.store.load(instance_id, now)
            if batch is not None:
                self._episode(batch)
            return True
        pending = self.store.pending_activities(1) if activities else []
        for item in pending:
            self.store.complete_activity(item, self._result(item))
        return bool(pending)

    def _episode(self, batch: Batch) -> None:
        history = [json.loads(text) for text in batch.history]
        accepted = accept(history, batch.messages)
        if not accepted:
            self.store.drop_messages(batch.sequences)
            return
        new = [event(EventType.ORCHESTRATOR_STARTED, timestamp(self.now)), *accepted]
        body = request_body(batch.instance, batch.history, new)
        handle = self.orchestrators[batch.instance.name]
        try:
            answer = read_answer(handle(func.OrchestrationContext(body)))
        except Exception as error:  # noqa: BLE001 - the SDK raises what failed
            answer = read_failure(f"{type(error).__name__}: {error}")
        now = timestamp(self.now)
        outcome = Episode(batch.instance, history, new, answer, now=now).decide()
        self.store.commit(batch, outcome, now)
        if outcome.status is Status.RUNNING and answer.error is None:
            self._compare_open_tasks(handle, body, answer, [*history, *new])

    @staticmethod
    def _compare_open_tasks(handle: Any, body: str, answer: Answer, history: list[Event]) -> None:
        context = DurableOrchestrationContext.from_json(body)
        executor = TaskOrchestrationExecutor()
        executor.execute(context, context.histories, handle.orchestrator_function)
        if executor.has_execution_completed:
            return  # the SDK stops reading the history once user code has returned
        replay = Replay(answer.state["actions"][0], "any")
        for past in history:
            replay.feed(past)
        waiting = {
            number
            for number, task in context.open_tasks.items()
            if isinstance(number, int) and not getattr(task, "is_cancelled", False)
        }
        # The SDK goes on at the first failure of a task_all, the host waits for its siblings:
        # what the SDK has scheduled since has no id on the host's side yet.
        assert {number for number in waiting if number < replay.next_id} == set(replay.open)

    def _result(self, item: ActivityItem) -> Event:
        now = timestamp(self.now)
        try:
            value = self.activities[item.name](json.loads(item.input or "null"))
        except Exception as error:  # noqa: BLE001 - an activity may raise anything
            text = f"{type(error).__name__}: {error}"
            return task_failed(now, item.task_id, item.name, text)
        return task_completed(now, item.task_id, None if value is None else json.dumps(value))

    def instance(self, instance_id: str = "one") -> Instance:
        found = self.store.find(instance_id)
        assert found is not None
        return found

    def outcome(self, instance_id: str = "one") -> tuple[str, Any]:
        """Status and output."""
        found = self.instance(instance_id)
        output = found.output
        is_json = found.status is Status.COMPLETED and output is not None
        return str(found.status), json.loads(output or "") if is_json else output

    def layout(self, instance_id: str = "one") -> str:
        """The history in short: type#id of what was created, type(id) of what came back."""
        return " ".join(_short(past) for past in self.store.history(instance_id))


def _short(past: Event) -> str:
    kind, number = past["EventType"], past["EventId"]
    answered = past.get("TaskScheduledId", past.get("TimerId"))
    if number >= 0:
        return f"{kind}#{number}"
    return str(kind) if answered is None else f"{kind}({answered})"
