"""Faults on purpose, for tests: kill at a named point, deliver twice, reorder."""

import os
import random
import signal
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from scripts.devhost.host.errors import HostError

Item = TypeVar("Item")

HOST_POINTS: Final = {
    "rpc.start": "a client's start request, before the instance is stored",
    "rpc.started": "the instance is stored, the client has no answer yet",
    "episode.invoke": "an orchestrator episode, before the worker runs it",
    "episode.commit": "the episode has run, nothing of it is stored",
    "episode.committed": "the episode is stored",
    "activity.invoke": "an activity, before the worker runs it",
    "activity.done": "the activity has run, its result is not stored",
    "activity.stored": "the activity's result is stored",
    "queue.invoke": "a queue message, before the worker runs it",
    "queue.done": "the queue function has run, the message is not deleted",
    "timer.invoke": "a timer, before the worker runs it",
    "timer.done": "the timer function has run, the schedule monitor is not stored",
    "http.invoke": "an HTTP request, before the worker runs it",
    "http.done": "the HTTP function has run, the client has no answer yet",
}
WORKER_POINTS: Final = tuple(f"worker@{point}" for point in HOST_POINTS if "invoke" in point)


@dataclass(frozen=True)
class KillPoint:
    """Kill the host (or the worker in use) at the given pass of a point."""

    point: str
    number: int

    @classmethod
    def parse(cls, text: str) -> "KillPoint":
        """Read `POINT` or `POINT:N`."""
        point, _, number = text.partition(":")
        if point not in HOST_POINTS and point not in WORKER_POINTS:
            raise HostError(f"--kill: {point!r} is not a known point (see --help).")
        if number and not (number.isdecimal() and int(number) > 0):
            raise HostError(f"--kill: {number!r} is not a positive number.")
        return cls(point, int(number or 1))


@dataclass
class Faults:
    """The faults asked for on the command line; by default none."""

    kills: tuple[KillPoint, ...] = ()
    deliver_twice: bool = False
    reorder_seed: int | None = None
    timer_speed: float = 1.0
    _passes: Counter[str] = field(default_factory=Counter)
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.reorder_seed)

    def reach(self, point: str) -> None:
        """Die here, as by kill -9, when this pass of the point was asked for."""
        if self.kills and self._is_due(point):
            os.kill(os.getpid(), signal.SIGKILL)

    def reach_worker(self, point: str, worker_pid: int) -> None:
        """Kill the worker that has just been handed the invocation, when asked for."""
        if self.kills and self._is_due(f"worker@{point}"):
            os.kill(worker_pid, signal.SIGKILL)

    def order(self, items: Sequence[Item]) -> list[Item]:
        """The items in the order in which they shall be delivered."""
        ordered = list(items)
        if self.reorder_seed is not None:
            self._random.shuffle(ordered)
        return ordered

    def _is_due(self, point: str) -> bool:
        self._passes[point] += 1
        return KillPoint(point, self._passes[point]) in self.kills
