"""Orchestrations on the host's engine, in one process, in virtual time and without workers.

The real store, the real episodes and the real SDK; only activities are answered by a function. One
that raises has ended without an answer; one that is answered twice is so by the engine's promise.
"""

import datetime as dt
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func

from orchestrations.crawl import flow, names
from scripts.devhost.host.durable.episode import Episode
from scripts.devhost.host.durable.events import (
    Event,
    EventType,
    event,
    execution_started,
    task_completed,
    task_failed,
    timestamp,
)
from scripts.devhost.host.durable.records import ActivityItem, Instance, Outcome
from scripts.devhost.host.durable.store import Batch, Store
from scripts.devhost.host.durable.wire import Answer as Reply
from scripts.devhost.host.durable.wire import accept, read_answer, read_failure, request_body

INSTANCE = "one"
Answer = Callable[[ActivityItem], Any]
Choice = Callable[[Sequence[ActivityItem]], Sequence[ActivityItem]]


def orchestrators_of(app: df.DFApp) -> dict[str, Any]:
    """What the host calls, by name; an app gives its functions once."""
    functions = app.get_functions()
    return {function.get_function_name(): function.get_user_function() for function in functions}


@cache
def crawl_orchestrator() -> Any:
    """That of the product."""
    app = df.DFApp()
    app.register_functions(flow.bp)
    return orchestrators_of(app)[names.CRAWL]


def ask(orchestrator: Any, body: str) -> str:
    """What it answers to the history so far."""
    return str(orchestrator(func.OrchestrationContext(body)))


class Simulation:
    """An engine whose clock moves only to what is due next.

    ``choose`` picks the pending activities that end next; when it picks none they are slow, and
    the next timer is due before them.
    """

    def __init__(
        self, directory: Path, orchestrators: Mapping[str, Any], answer: Answer, choose: Choice
    ) -> None:
        self.store = Store(directory / "simulation.sqlite3")
        self.orchestrators = orchestrators
        self._answer, self._choose = answer, choose
        self.now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        self._executions: set[str] = set()
        self.most_events = self.episodes = 0

    @property
    def generations(self) -> int:
        """How many executions there were."""
        return len(self._executions)

    def close(self) -> None:
        """Closes the store."""
        self.store.close()

    def start(self, name: str, given: Any = None) -> None:
        """Starts the instance, which must not be running."""
        started = execution_started(
            timestamp(self.now),
            name=name,
            instance_id=INSTANCE,
            execution_id=uuid.uuid4().hex,
            input_text=None if given is None else json.dumps(json.dumps(given)),
        )
        if not self.store.start(started):
            raise ValueError(f"{INSTANCE} is running")

    def run(self) -> Instance:
        """Goes on until nothing is left to do; what has become of the instance."""
        while self.step():
            pass
        return self.instance()

    def step(self) -> bool:
        """Does what is due now, or else moves the clock; False if nothing is left to do."""
        if self.step_now():
            return True
        due = self.store.next_due(self.now.timestamp())
        if due is not None:
            self.now = dt.datetime.fromtimestamp(due, dt.UTC)
        return due is not None or bool(self.store.pending_activities(1))

    def step_now(self) -> bool:
        """An episode, or else the end of some activities; False if none of them is due."""
        now = self.now.timestamp()
        for instance_id in self.store.ready_instances(now):
            batch = self.store.load(instance_id, now)
            if batch is not None:
                self._episode(batch)
            return True
        pending = self.store.pending_activities(1000)
        chosen = self._choose(pending) if pending else []
        for item in chosen:
            self.store.complete_activity(item, self._result(item))
        return bool(chosen)

    def instance(self, instance_id: str = INSTANCE) -> Instance:
        """The instance as it is."""
        found = self.store.find(instance_id)
        if found is None:
            raise LookupError(instance_id)
        return found

    def _result(self, item: ActivityItem) -> Event:
        now = timestamp(self.now)
        try:
            value = self._answer(item)
        except Exception as error:  # noqa: BLE001 - whatever it is, there is no answer
            return task_failed(now, item.task_id, item.name, f"{type(error).__name__}: {error}")
        return task_completed(now, item.task_id, None if value is None else json.dumps(value))

    def _episode(self, batch: Batch) -> None:
        history = [json.loads(text) for text in batch.history]
        now = timestamp(self.now)
        accepted = accept(history, batch.messages)
        if not accepted:
            self.store.drop_messages(batch.sequences)
            return
        new = [event(EventType.ORCHESTRATOR_STARTED, now), *accepted]
        body = request_body(batch.instance, batch.history, new)
        reply = self._read(self.orchestrators[batch.instance.name], body)
        outcome = Episode(batch.instance, history, new, reply, now=now).decide()
        self.store.commit(batch, outcome, now)
        self.episodes += 1
        self.most_events = max(self.most_events, len(history) + len(new))
        self._executions.add(batch.instance.execution_id)
        self.look(batch.instance, body, reply, outcome)

    def _read(self, orchestrator: Any, body: str) -> Reply:
        try:
            return read_answer(ask(orchestrator, body))
        except Exception as error:  # noqa: BLE001 - the SDK raises what failed
            return read_failure(f"{type(error).__name__}: {error}")

    def look(self, instance: Instance, body: str, reply: Reply, outcome: Outcome) -> None:
        """For those who want to look at each episode: what was asked, answered and made of it."""
