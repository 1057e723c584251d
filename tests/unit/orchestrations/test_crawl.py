"""The crawl's orchestration on the real engine, whatever order its steps end in."""

import json
import random
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrations import names
from scripts.devhost.host.durable.events import Status
from scripts.devhost.host.durable.records import ActivityItem, Instance
from scripts.devhost.simulation import Simulation
from tests.scale import sized

# Once per process the SDK asks for types that activities of this SDK cannot be given.
pytestmark = pytest.mark.filterwarnings("ignore:azure.functions df_loads")

MOST_BYTES = 16 * 1024
WINDOW = 35


class Job:
    """What the steps of one job answer: pages of candidates, chunks of them, a busy source."""

    def __init__(self, chance: random.Random, chunks: int, *, fail: str = "") -> None:
        self.chance = chance
        self.fail = fail
        self.waiting = chunks
        self.pages = chance.randint(0, 3)
        self.busy = chance.randint(0, 2)
        self.open: list[int] = []
        self.cut = 0
        self.done: Counter[str] = Counter()
        self.sizes: list[int] = []

    def answer(self, item: ActivityItem) -> dict[str, Any]:
        answer = {"failed": "ValueError"} if item.name == self.fail else self._answer(item)
        self.done[item.name] += 1
        self.sizes += [len(item.input or ""), len(json.dumps(answer))]
        return answer

    def _answer(self, item: ActivityItem) -> dict[str, Any]:
        order = json.loads(item.input or "null")
        if item.name == names.ADVANCE:
            return {"result": self._advance()}
        if item.name == names.DISCOVER:
            self.pages -= 1
            self.waiting += 3
        if item.name == names.PROCESS_CHUNK:
            self.open.remove(order["id"])
        return {"result": "failed" if "failure" in order else "completed"}

    def _advance(self) -> dict[str, Any]:
        while self.waiting and len(self.open) < WINDOW:
            self.cut += 1
            self.waiting -= 1
            self.open.append(self.cut)
        if not self.open and not self.pages and self.busy:
            self.busy -= 1
            return {"done": False, "searches": [], "chunks": [], "wait": 30}
        done = not (self.open or self.pages > 0)
        searches = [1] if self.pages > 0 else []
        return {"done": done, "searches": searches, "chunks": self.open[:], "wait": 0}

    def choose(self, pending: Sequence[ActivityItem]) -> Sequence[ActivityItem]:
        """Some of the steps that are under way end, in any order."""
        return self.chance.sample(list(pending), self.chance.randint(1, min(len(pending), 8)))


def run(job: Job) -> tuple[Instance, Simulation]:
    with tempfile.TemporaryDirectory() as directory:
        simulation = Simulation(Path(directory), names.CRAWL, job.answer, job.choose)
        return simulation.run({"job_id": 1, "attempt": 1}), simulation


@settings(max_examples=sized(8, 100), deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 150))
def test_every_chunk_is_processed_once_and_the_history_stays_short(seed: int, chunks: int) -> None:
    job = Job(random.Random(seed), chunks)
    instance, simulation = run(job)
    assert (instance.status, json.loads(instance.output or "")) == (Status.COMPLETED, "completed")
    assert job.done[names.PROCESS_CHUNK] == job.cut
    assert (job.done[names.BEGIN], job.done[names.FINISH]) == (1, 1)
    assert (job.waiting, job.open, job.busy) == (0, [], 0)
    assert simulation.most_events < 1000
    assert max(job.sizes) < MOST_BYTES


@settings(max_examples=sized(5, 50), deadline=None)
@given(
    st.integers(0, 2**32),
    st.sampled_from([names.BEGIN, names.ADVANCE, names.DISCOVER, names.PROCESS_CHUNK]),
)
def test_a_step_that_fails_ends_the_job_with_a_reason(seed: int, step: str) -> None:
    job = Job(random.Random(seed), 5, fail=step)
    job.pages = 1
    instance, _ = run(job)
    assert (instance.status, json.loads(instance.output or "")) == (Status.COMPLETED, "failed")


def test_names_in_running_histories_stay() -> None:
    """An instance that was started by the build before must find its steps."""
    assert names.CRAWL == "crawl"
    assert [names.BEGIN, names.ADVANCE, names.DISCOVER, names.PROCESS_CHUNK, names.FINISH] == [
        "crawl_begin", "crawl_advance", "crawl_discover", "crawl_process_chunk", "crawl_finish",
    ]  # fmt: skip
