"""One orchestration on the host's engine, in virtual time and without workers.

The real store, the real episodes and the real SDK; only activities are answered by a function. One
that raises has ended without an answer; one that is answered twice is so by the engine's promise.
"""

import datetime as dt
import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func

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
from scripts.devhost.host.durable.records import ActivityItem, Instance
from scripts.devhost.host.durable.store import Batch, Store
from scripts.devhost.host.durable.wire import Answer as Reply
from scripts.devhost.host.durable.wire import accept, read_answer, read_failure, request_body

INSTANCE = "simulated-1"
Answer = Callable[[ActivityItem], Any]
Choice = Callable[[Sequence[ActivityItem]], Sequence[ActivityItem]]


class Simulation:
    """Runs an orchestration of the app; ``choose`` picks the pending activities that end next.

    When it picks none they are slow: the next timer is due before them.
    """

    def __init__(self, directory: Path, name: str, answer: Answer, choose: Choice) -> None:
        self._store = Store(directory / "durable.sqlite3")
        self._name, self._answer, self._choose = name, answer, choose
        self.now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        self._execution = ""
        self.generations = self.most_events = self.episodes = 0

    def run(self, given: Any) -> Instance:
        """From start to end; how it ended."""
        self._store.start(
            execution_started(timestamp(self.now), name=self._name, instance_id=INSTANCE,
                              execution_id="1", input_text=json.dumps(json.dumps(given)))
        )  # fmt: skip
        while self._step():
            pass
        instance = self._store.find(INSTANCE)
        self._store.close()
        if instance is None:
            raise LookupError(INSTANCE)
        return instance

    def _step(self) -> bool:
        for _ in self._store.ready_instances(self.now.timestamp()):
            batch = self._store.load(INSTANCE, self.now.timestamp())
            if batch is not None:
                self._episode(batch)
                return True
        pending = self._store.pending_activities(1000)
        chosen = self._choose(pending) if pending else []
        for item in chosen:
            self._store.complete_activity(item, self._result(item))
        due = None if chosen else self._store.next_due(self.now.timestamp())
        if due is not None:
            self.now = dt.datetime.fromtimestamp(due, dt.UTC)
        return bool(pending) or due is not None

    def _result(self, item: ActivityItem) -> Event:
        now = timestamp(self.now)
        try:
            result = json.dumps(self._answer(item))
        except Exception as error:  # noqa: BLE001 - whatever it is, there is no answer
            return task_failed(now, item.task_id, item.name, f"{type(error).__name__}: {error}")
        return task_completed(now, item.task_id, result)

    def _episode(self, batch: Batch) -> None:
        history = [json.loads(text) for text in batch.history]
        now = timestamp(self.now)
        accepted = accept(history, batch.messages)
        if not accepted:
            self._store.drop_messages(batch.sequences)
            return
        new = [event(EventType.ORCHESTRATOR_STARTED, now), *accepted]
        answer = self._read(request_body(batch.instance, batch.history, new))
        outcome = Episode(batch.instance, history, new, answer, now=now).decide()
        self._store.commit(batch, outcome, now)
        self.episodes += 1
        self.most_events = max(self.most_events, len(history) + len(new))
        if batch.instance.execution_id != self._execution:
            self._execution = batch.instance.execution_id
            self.generations += 1

    def _read(self, body: str) -> Reply:
        try:
            return read_answer(self._ask(body))
        except Exception as error:  # noqa: BLE001 - the SDK raises what failed
            return read_failure(f"{type(error).__name__}: {error}")

    def _ask(self, body: str) -> str:
        return ask(self._name, body)


def ask(name: str, body: str) -> str:
    """What the orchestration answers to the history so far."""
    return str(_orchestrators()[name](func.OrchestrationContext(body)))


@cache
def _orchestrators() -> dict[str, Any]:
    """The orchestrations by name, in an app of their own: an app gives its functions once."""
    from orchestrations import crawl

    app = df.DFApp()
    app.register_functions(crawl.bp)
    functions = app.get_functions()
    return {function.get_function_name(): function.get_user_function() for function in functions}
