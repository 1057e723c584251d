"""The orchestration of ever larger crawls: the real one, with activities that do nothing."""

import datetime as dt
import json
import resource
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import azure.functions as func

import function_app
from orchestrations import names
from scripts.devhost.host.durable.episode import Episode
from scripts.devhost.host.durable.events import (
    EventType,
    Status,
    event,
    execution_started,
    task_completed,
    timestamp,
)
from scripts.devhost.host.durable.records import ActivityItem
from scripts.devhost.host.durable.store import Batch, Store
from scripts.devhost.host.durable.wire import accept, read_answer, request_body

CHUNK, PAGE, IN_FLIGHT = 50, 500, 35
AT_ONCE = 8  # activities that end between two episodes: as many as an instance runs
INSTANCE = "job-1-1"


def bench_scale(sizes: list[int]) -> dict[str, Any]:
    """By number of images: events of the longest generation, time and memory per chunk."""
    _crawl(CHUNK)  # warm
    figures = {size: _crawl(size) for size in sizes}
    times = [figure["ms_per_chunk"] for figure in figures.values()]
    return {
        "benchmark": "scale",
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

    def answer(self, item: ActivityItem) -> str:
        """The result of an activity as the app's boundary wraps it."""
        order = json.loads(item.input or "null")
        return json.dumps({"result": self._answers[item.name](order)})

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


def _crawl(images: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="pixcrawler-bench-") as directory:
        engine, job = _Engine(Path(directory) / "durable.sqlite3"), _Job(images)
        memory, started = _peak_kb(), time.perf_counter()
        engine.run(job)
        seconds = time.perf_counter() - started
    return {
        "chunks": job.chunks,
        "generations": engine.generations,
        "most_events": engine.most_events,
        "episodes": engine.episodes,
        "ms_per_chunk": round(1000 * seconds / job.chunks, 2),
        "more_memory_kb_per_chunk": round((_peak_kb() - memory) / job.chunks, 2),
    }


class _Engine:
    """One instance of the crawl, episode by episode, in virtual time."""

    def __init__(self, path: Path) -> None:
        self._store = Store(path)
        self._now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        self.generations = self.most_events = self.episodes = 0
        self._execution = ""

    def run(self, job: _Job) -> None:
        """From start to end."""
        given = json.dumps(json.dumps({"job_id": 1, "attempt": 1}))
        now = timestamp(self._now)
        self._store.start(
            execution_started(now, name=names.CRAWL, instance_id=INSTANCE,
                              execution_id=uuid.uuid4().hex, input_text=given)
        )  # fmt: skip
        while self._step(job):
            pass
        instance = self._store.find(INSTANCE)
        if instance is None or instance.status is not Status.COMPLETED:
            raise OSError(f"the orchestration ended as {instance}")
        self._store.close()

    def _step(self, job: _Job) -> bool:
        for _ in self._store.ready_instances(self._now.timestamp()):
            batch = self._store.load(INSTANCE, self._now.timestamp())
            if batch is not None:
                self._episode(batch)
                return True
        ended = self._store.pending_activities(AT_ONCE)
        for item in ended:
            done = task_completed(timestamp(self._now), item.task_id, job.answer(item))
            self._store.complete_activity(item, done)
        if ended:
            return True
        due = self._store.next_due(self._now.timestamp())
        if due is not None:
            self._now = dt.datetime.fromtimestamp(due, dt.UTC)
        return due is not None

    def _episode(self, batch: Batch) -> None:
        history = [json.loads(text) for text in batch.history]
        now = timestamp(self._now)
        accepted = accept(history, batch.messages)
        new = [event(EventType.ORCHESTRATOR_STARTED, now), *accepted]
        context = func.OrchestrationContext(request_body(batch.instance, batch.history, new))
        answer = read_answer(_ORCHESTRATOR(context))
        outcome = Episode(batch.instance, history, new, answer, now=now).decide()
        self._store.commit(batch, outcome, now)
        self.episodes += 1
        self.most_events = max(self.most_events, len(history) + len(new))
        if batch.instance.execution_id != self._execution:
            self._execution = batch.instance.execution_id
            self.generations += 1


def _orchestrator() -> Any:
    (found,) = [
        function.get_user_function()
        for function in function_app.app.get_functions()
        if function.get_function_name() == names.CRAWL
    ]
    return found


_ORCHESTRATOR = _orchestrator()


def _peak_kb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
