"""Orchestrators on the real engine and SDK, and their histories replayed."""

import json
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from orchestrations.crawl import names
from scripts.devhost.host.durable.events import EventType
from scripts.devhost.host.durable.records import ActivityItem, Instance, Outcome
from scripts.devhost.host.durable.replay import NonDeterminismError, Replay
from scripts.devhost.host.durable.wire import Answer as Reply
from scripts.devhost.host.durable.wire import read_answer
from scripts.devhost.simulation import Answer, Choice, Simulation, ask, crawl_orchestrator
from tests.unit.devhost.simulation import wrapped

CRAWL = crawl_orchestrator()
ANSWERED = (EventType.TASK_COMPLETED, EventType.TASK_FAILED, EventType.TIMER_FIRED)


def wrap(orchestrator: Callable[..., Any]) -> Any:
    """The orchestrator as the host calls it."""
    (function,) = wrapped(orchestrator).values()
    return function


class Recorded(Simulation):
    """Remembers the last history of each generation, and which activity was tried when."""

    def __init__(
        self, directory: Path, answer: Answer, choose: Choice, orchestrator: Any = CRAWL
    ) -> None:
        super().__init__(directory, {names.CRAWL: orchestrator}, self._noted, choose)
        self._given = answer
        self._begun = self.now
        self.histories: dict[str, str] = {}
        self.tries: list[tuple[str, float, Any]] = []

    @property
    def seconds(self) -> float:
        """How long it has been running."""
        return (self.now - self._begun).total_seconds()

    def crawl(self) -> Instance:
        """A whole run, and how it ended."""
        with closing(self):
            self.start(names.CRAWL, {"job_id": 1, "attempt": 1})
            return self.run()

    def _noted(self, item: ActivityItem) -> Any:
        self.tries.append((item.name, self.seconds, json.loads(item.input or "null")))
        return self._given(item)

    def look(self, instance: Instance, body: str, reply: Reply, outcome: Outcome) -> None:
        self.histories[instance.execution_id] = body


def run(
    answer: Answer, choose: Choice = lambda pending: pending, *, orchestrator: Any = CRAWL
) -> tuple[Instance, Recorded]:
    """A whole run, and how it ended."""
    with tempfile.TemporaryDirectory() as directory:
        simulation = Recorded(Path(directory), answer, choose, orchestrator)
        return simulation.crawl(), simulation


def replay_at_every_length(body: str, orchestrator: Any) -> int:
    """Asks with each beginning of the history that ends with an answer; how many there are.

    Raises:
        NonDeterminismError: what it does is not in the history, or not what it did before.
    """
    context = json.loads(body)
    history, lengths = context["history"], 0
    before: list[str] = []
    for length, event in enumerate(history, start=1):
        if event["EventType"] not in ANSWERED:
            continue
        context["history"] = history[:length]
        actions = read_answer(ask(orchestrator, json.dumps(context))).state["actions"][0]
        replay = Replay(actions, "1")
        for past in history[:length]:
            replay.feed(past)
        # A timer may be cancelled later.
        done = [
            str(action).replace("'isCanceled': True", "'isCanceled': False") for action in actions
        ]
        if done[: len(before)] != before:
            raise NonDeterminismError(f"{done} does not begin with {before}")
        before, lengths = done, lengths + 1
    return lengths


def replay_running(orchestrator: Any, path: Path) -> None:
    """Replays the history of an instance that an earlier build left running.

    Raises:
        NonDeterminismError: other steps were begun, or in another order.
    """
    body = path.read_text()
    answer = read_answer(ask(orchestrator, body))
    assert answer.error is None
    replay = Replay(answer.state["actions"][0], "1")
    history = json.loads(body)["history"]
    for past in history:
        replay.feed(past)
    assert len([past for past in history if past["EventType"] == EventType.TASK_SCHEDULED]) > 40
    assert replay.unscheduled
