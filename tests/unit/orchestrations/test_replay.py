"""The same history gives the same actions, in whatever process it is replayed and with what code.

An instance moves between workers, and its code is replaced under it: nothing but the history may
decide what it does next.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scripts.devhost.host.durable.events import Status
from scripts.devhost.host.durable.records import Instance, Outcome
from scripts.devhost.host.durable.wire import Answer as Reply
from tests.scale import sized
from tests.unit.orchestrations.jobs import Job
from tests.unit.orchestrations.replays import CRAWL, Recorded, replay_running

# Once per process the SDK asks for types that activities of this SDK cannot be given.
pytestmark = pytest.mark.filterwarnings("ignore:azure.functions df_loads")
ROOT = Path(__file__).parents[3]
OLD = sorted(Path(__file__).parent.glob("running*.json"))

# A process of another time, with other chance and other settings; a history a line.
WORLD = """
import random, sys, time_machine
sys.path.insert(0, sys.argv[1])
from scripts.devhost.simulation import ask, crawl_orchestrator
random.seed(sys.argv[2])
with time_machine.travel(sys.argv[2]):
    for line in sys.stdin:
        print(ask(crawl_orchestrator(), line), flush=True)
"""
WORLDS = [
    {"PYTHONHASHSEED": "1", "TZ": "Asia/Kathmandu", "CHUNK_SIZE_IMAGES": "7"},
    {"PYTHONHASHSEED": "4294967295", "TZ": "America/St_Johns", "ENVIRONMENT": "production"},
]


class Remembered(Recorded):
    """Remembers each history that the orchestration was asked with, and its answer."""

    def __init__(self, directory: Path, job: Job) -> None:
        super().__init__(directory, job.answer, job.choose)
        self.asked: list[tuple[str, Any]] = []

    def look(self, instance: Instance, body: str, reply: Reply, outcome: Outcome) -> None:
        self.asked.append((body, reply.state))


class World:
    """Another process that replays histories."""

    def __init__(self, environment: dict[str, str], moment: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", WORLD, str(ROOT), moment],
            env={**os.environ, **environment}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def ask(self, body: str) -> str:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(body + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()

    def close(self) -> None:
        self._process.communicate()


@pytest.fixture(scope="module")
def worlds() -> Iterator[list[World]]:
    moments = ("1999-12-31T23:59:59Z", "2040-02-29T12:00:00Z")
    opened = [World(*one) for one in zip(WORLDS, moments, strict=True)]
    yield opened
    for world in opened:
        world.close()


def record(seed: int, chunks: int) -> Remembered:
    with tempfile.TemporaryDirectory() as directory:
        simulation = Remembered(Path(directory), Job(random.Random(seed), chunks))
        # A replay whose actions are not those of the history fails the instance.
        assert simulation.crawl().status is Status.COMPLETED
    return simulation


@settings(
    max_examples=sized(5, 100),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32), chunks=st.integers(0, 150))
def test_another_process_decides_the_same(worlds: list[World], seed: int, chunks: int) -> None:
    for body, answer in record(seed, chunks).asked[::-4]:  # each holds those before it
        for world in worlds:
            assert json.loads(world.ask(body)) == answer


@pytest.mark.parametrize("path", OLD, ids=lambda path: path.stem)
def test_an_instance_of_the_build_before_goes_on(path: Path) -> None:
    """These are histories of running jobs: whatever changes, they must be replayed.

    One is of a job that nothing happened to, as all builds write it, one has retries under way. If
    one is not replayed, the new code needs an orchestration of another name beside the old one.
    """
    replay_running(CRAWL, path)
