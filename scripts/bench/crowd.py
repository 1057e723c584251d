"""Many users at once: what a job of a hundred images waits for where others crawl millions.

The real orchestration and the real sharing out of chunks, in virtual time: half an hour of
a deployment of 36 instances takes some seconds. How long steps take is given below.
"""

import datetime as dt
import heapq
import random
import statistics
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from orchestrations.crawl import names
from orchestrations.crawl.flow import flow
from orchestrations.engine import Engine
from shared.crawl.plan import CrawlLimits

SLOTS: Final = 288  # 36 instances with 8 activities each
LIMITS: Final = CrawlLimits(chunks=35, chunk_size=50, all_chunks=SLOTS)
UNSHARED: Final = CrawlLimits(chunks=35, chunk_size=50, all_chunks=1_000_000)
# Seconds, on the average: half as long to half as long again. A chunk mostly waits for hosts.
STEP: Final = {names.BEGIN: 0.05, names.ADVANCE: 0.05, names.DISCOVER: 1.5, names.FINISH: 0.2}
CHUNK: Final = {10: 4.0, 50: 10.0}
CONNECTED: Final = 0.05  # how long a step holds a database connection
PARTITIONS: Final = 4  # of the task hub, as in host.json
HALF_AN_HOUR: Final = 1800.0
START: Final = 60.0  # when the big jobs have begun, and what is counted begins
PAGE: Final = 500


def bench_crowd(users: int = 1_000, big: int = 20) -> dict[str, Any]:
    """How long small jobs take among big ones, with and without equal parts, and alone."""
    return {
        "users": users,
        "of_them_with_a_million_images": big,
        "alone": _Crowd(LIMITS).run(small=1, big=0),
        "with_equal_parts": _Crowd(LIMITS).run(small=users - big, big=big),
        "without": _Crowd(UNSHARED).run(small=users - big, big=big),
    }


@dataclass(slots=True, eq=False)
class _Task:
    """What the engine waits for: an activity, a timer."""

    is_completed: bool = False
    result: Any = None
    job: "_Job | None" = None

    def cancel(self) -> None:
        self.job = None


@dataclass(slots=True, eq=False)
class _Job:
    """One orchestration; it is the durable context of its engine."""

    crowd: "_Crowd"
    number: int
    user: int
    images: int
    started: float
    found: int = 0
    cut: int = 0
    open: set[int] = field(default_factory=set)
    order: dict[str, Any] = field(default_factory=lambda: {"job_id": 1, "attempt": 1})
    waits: list[_Task] = field(default_factory=list)
    flow: Any = None
    again: bool = False

    @property
    def current_utc_datetime(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self.crowd.now, dt.UTC)

    def get_input(self) -> dict[str, Any]:
        return self.order

    def continue_as_new(self, order: dict[str, Any]) -> None:
        self.order, self.again = order, True

    def task_any(self, tasks: list[_Task]) -> list[_Task]:
        return tasks

    def create_timer(self, at: dt.datetime) -> _Task:
        task = _Task(job=self)
        self.crowd.at(at.timestamp(), partial(self.crowd.complete, task, None))
        return task

    def call_activity(self, name: str, payload: dict[str, Any]) -> _Task:
        task = _Task(job=self)
        self.crowd.queue.append((self, name, payload, task))
        return task

    def go_on(self, given: _Task | None = None) -> None:
        """Runs the flow until it waits, as an episode does; it may begin anew, or end."""
        self.crowd.count_episode(self)
        try:
            while given is not None or self.flow is None:
                self.waits = _listed(self.flow.send(given) if self.flow else self._begin())
                given = next((task for task in self.waits if task.is_completed), None)
        except StopIteration:
            self.flow = None
            if self.again:
                self.again = False
                self.go_on()
            else:
                self.crowd.ended(self)

    def _begin(self) -> Any:
        self.flow = flow(Engine(self))
        return next(self.flow)

    def perform(self, name: str, payload: dict[str, Any]) -> Any:
        """The answer of an activity, when it ends."""
        if name == names.ADVANCE:
            return self._advance()
        if name == names.DISCOVER:
            self.found = min(self.found + PAGE, self.images)
        if name == names.PROCESS_CHUNK:
            self.open.discard(payload["id"])
        return True

    def _advance(self) -> dict[str, Any]:
        limits = self.crowd.limits.shared(*self.crowd.running(self.user))
        size = self.chunk_size
        while self.cut * size < self.found and len(self.open) < limits.chunks:
            self.cut += 1
            self.open.add(self.cut)
        searches = [self.found // PAGE] if self.found < self.images else []
        chunks = sorted(self.open)[: limits.chunks]
        done = not searches and not self.open and self.cut * size >= self.images
        return {"done": done, "searches": searches, "chunks": chunks, "wait": 0}

    @property
    def chunk_size(self) -> int:
        return 10 if self.images <= 100 else 50


class _Crowd:
    """A deployment in virtual time: a queue of activities, and so many that are worked on."""

    def __init__(self, limits: CrawlLimits) -> None:
        self.limits, self.now = limits, 0.0
        self.queue: deque[tuple[_Job, str, dict[str, Any], _Task]] = deque()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._number = self._busy = self._started = 0
        self._random = random.Random(0)
        self._jobs_of: Counter[int] = Counter()
        self._seconds: list[float] = []
        self._episodes: Counter[tuple[int, int]] = Counter()
        self._connections: Counter[int] = Counter()

    def run(self, *, small: int, big: int) -> dict[str, Any]:
        """Until the small jobs have ended, which begin one after the other within half an hour."""
        for user in range(big):
            for _ in range(10):
                self.at(0, partial(self._start, user, 100_000))
        for user in range(small):
            moment = START + user * HALF_AN_HOUR / small
            self.at(moment, partial(self._start, big + user, 100))
        while len(self._seconds) < small:
            self.now, _, happen = heapq.heappop(self._events)
            happen()
            self._work()
        return {
            "median_seconds": round(statistics.median(self._seconds), 1),
            "slowest_seconds": round(max(self._seconds), 1),
            "episodes_a_second_of_the_busiest_partition": max(self._episodes.values()),
            "database_connections_at_most": max(self._connections.values()),
        }

    def at(self, moment: float, happen: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._events, (max(moment, self.now), self._number, happen))

    def running(self, user: int) -> tuple[int, int]:
        """As `count_running` finds it in the database."""
        return len(self._jobs_of), self._jobs_of[user]

    def complete(self, task: _Task, result: Any) -> None:
        task.is_completed, task.result = True, result
        if task.job is not None and any(task is other for other in task.job.waits):
            task.job.go_on(task)

    def ended(self, job: _Job) -> None:
        self._jobs_of[job.user] -= 1
        if not self._jobs_of[job.user]:
            del self._jobs_of[job.user]
        if job.images <= 100:
            self._seconds.append(self.now - job.started)

    def count_episode(self, job: _Job) -> None:
        if self.now >= START:
            self._episodes[job.number % PARTITIONS, int(self.now)] += 1

    def _start(self, user: int, images: int) -> None:
        self._jobs_of[user] += 1
        self._started += 1
        _Job(self, self._started, user, images, self.now).go_on()

    def _work(self) -> None:
        while self.queue and self._busy < SLOTS:
            job, name, payload, task = self.queue.popleft()
            self._busy += 1
            seconds = STEP.get(name) or CHUNK[job.chunk_size]
            seconds *= self._random.uniform(0.5, 1.5)
            self.at(self.now + seconds, partial(self._end, job, name, payload, task))

    def _end(self, job: _Job, name: str, payload: dict[str, Any], task: _Task) -> None:
        self._busy -= 1
        if self.now >= START:
            self._connections[int(self.now / CONNECTED)] += 1
        self.complete(task, {"result": job.perform(name, payload)})


def _listed(waited_for: Any) -> list[_Task]:
    return waited_for if isinstance(waited_for, list) else [waited_for]
