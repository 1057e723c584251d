"""What the steps of a crawl answer, without doing anything, and how they fail to."""

import json
import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

from orchestrations.crawl import names
from scripts.devhost.host.durable.records import ActivityItem

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
        if item.name == names.DISCOVER and self.pages:  # the second delivery finds it done
            self.pages -= 1
            self.waiting += 3
        if item.name == names.PROCESS_CHUNK and order["id"] in self.open:
            self.open.remove(order["id"])
        return {"result": order.get("failure", "completed")}

    def _advance(self) -> dict[str, Any]:
        while self.waiting and len(self.open) < WINDOW:
            self.cut += 1
            self.waiting -= 1
            self.open.append(self.cut)
        if not self.open and not self.pages and self.busy:
            self.busy -= 1
            return {"done": False, "searches": [], "chunks": [], "wait": 30}
        done = not (self.open or self.pages)
        searches = [1] if self.pages else []
        return {"done": done, "searches": searches, "chunks": self.open[:], "wait": 0}

    def choose(self, pending: Sequence[ActivityItem]) -> Sequence[ActivityItem]:
        """Some of the steps that are under way end, in any order."""
        return self.chance.sample(list(pending), self.chance.randint(1, min(len(pending), 8)))


class TroubledJob(Job):
    """Its steps meet unreachable parts, lose their worker before or after their work, are slow.

    None of them more than ``most`` times, save those called ``hopeless``; and some are delivered
    twice, at once or much later.
    """

    def __init__(
        self, chance: random.Random, chunks: int, *, rate: float, most: int = 3, hopeless: str = ""
    ) -> None:
        super().__init__(chance, chunks)
        self.pages = min(self.pages, 1)  # each brings three chunks
        self._rate, self._most, self._hopeless = rate, most, hopeless
        self._delivered: list[ActivityItem] = []

    def answer(self, item: ActivityItem) -> dict[str, Any]:
        retry = json.loads(item.input or "null").get("retry", 0)
        fails = retry < self._most and self.chance.random() < self._rate
        if item.name != self._hopeless and not fails:
            return super().answer(item)
        trouble = self.chance.choice(("unreachable", "lost", "lost after its work"))
        if trouble == "unreachable":
            return {"unreachable": "The database is not reachable."}
        if trouble == "lost after its work":
            super().answer(item)
        raise TimeoutError("the worker is gone\n{and .NET has much to say about it}")

    def choose(self, pending: Sequence[ActivityItem]) -> Sequence[ActivityItem]:
        if self.chance.random() < 0.3:
            return []
        chosen = [*super().choose(pending)]
        self._delivered += chosen
        again = self.chance.choices(self._delivered, k=self.chance.randint(0, 2))
        return [*chosen, *again]
