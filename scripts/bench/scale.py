"""The orchestration of ever larger crawls: the real one, with activities that do nothing."""

import json
import resource
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from orchestrations.crawl import names
from scripts.bench.crowd import bench_crowd
from scripts.devhost.host.durable.events import Status
from scripts.devhost.host.durable.records import ActivityItem
from scripts.devhost.simulation import Simulation, crawl_orchestrator

CHUNK, PAGE, IN_FLIGHT = 50, 500, 35
AT_ONCE = 8  # activities that end between two episodes: as many as an instance runs
ENOUGH = 2_000  # chunks: small crawls are repeated until their time can be measured


def bench_scale(sizes: list[int], users: int) -> dict[str, Any]:
    """By number of images: events of the longest generation, CPU time and memory per chunk."""
    _crawl(CHUNK)  # warm
    figures = {size: _crawls(size) for size in sizes}
    times = [figure["cpu_ms_per_chunk"] for figure in figures.values()]
    return {
        "benchmark": "scale",
        "crowd": bench_crowd(users, big=users // 50),
        "images": figures,
        "dearest_to_cheapest": round(max(times) / min(times), 2),
    }


class _Job:
    """What the activities of one job answer, without doing anything."""

    def __init__(self, images: int) -> None:
        self._images, self._found, self._searches = images, 0, 0
        self._open: set[int] = set()
        self._cut = self.chunks = 0
        self._answers: dict[str, Callable[[dict[str, int]], Any]] = {
            names.BEGIN: lambda order: True,
            names.ADVANCE: self._advance,
            names.DISCOVER: self._discover,
            names.PROCESS_CHUNK: self._process,
            names.FINISH: lambda order: "completed",
        }

    def answer(self, item: ActivityItem) -> dict[str, Any]:
        """The result of an activity as the app's boundary wraps it."""
        return {"result": self._answers[item.name](json.loads(item.input or "null"))}

    def _advance(self, order: dict[str, int]) -> dict[str, Any]:
        while self._cut * CHUNK < self._found and len(self._open) < IN_FLIGHT:
            self._cut += 1
            self._open.add(self._cut)
        searches = [self._searches + 1] if self._found < self._images else []
        done = not searches and not self._open
        return {"done": done, "searches": searches, "chunks": sorted(self._open), "wait": 0}

    def _discover(self, order: dict[str, int]) -> dict[str, int]:
        self._searches += 1
        self._found = min(self._found + PAGE, self._images)
        return {"found": PAGE}

    def _process(self, order: dict[str, int]) -> dict[str, Any]:
        self._open.discard(order["id"])
        self.chunks += 1
        return {"status": "completed", "stored": CHUNK}


def _crawls(images: int) -> dict[str, Any]:
    """What one crawl takes, of as many as can be measured together."""
    memory, started, chunks = _peak_kb(), time.process_time(), 0
    while chunks < ENOUGH:
        job, engine = _crawl(images)
        chunks += job.chunks
    seconds = time.process_time() - started
    return {
        "chunks": job.chunks,
        "generations": engine.generations,
        "most_events": engine.most_events,
        "episodes": engine.episodes,
        "cpu_ms_per_chunk": round(1000 * seconds / chunks, 2),
        "more_memory_kb_per_chunk": round((_peak_kb() - memory) / chunks, 2),
    }


def _crawl(images: int) -> tuple[_Job, Simulation]:
    with tempfile.TemporaryDirectory(prefix="pixcrawler-bench-") as directory:
        job, orchestrators = _Job(images), {names.CRAWL: crawl_orchestrator()}
        with closing(
            Simulation(
                Path(directory), orchestrators, job.answer, lambda pending: pending[:AT_ONCE]
            )
        ) as engine:
            engine.start(names.CRAWL, {"job_id": 1, "attempt": 1})
            ended = engine.run()
    if ended.status is not Status.COMPLETED:
        raise OSError(f"the orchestration ended as {ended}")
    return job, engine


def _peak_kb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
