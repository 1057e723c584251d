"""The building of an export on the real engine: stage after stage, whatever fails."""

import json
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestrations.engine import Engine, Flow
from orchestrations.exports import flow, names
from scripts.devhost.host.durable.events import Status
from scripts.devhost.host.durable.records import ActivityItem
from tests.scale import sized
from tests.unit.orchestrations.replays import Recorded, replay_at_every_length, replay_running, wrap

pytestmark = [
    pytest.mark.filterwarnings("ignore:azure.functions df_loads"),
    pytest.mark.filterwarnings("ignore:Potential duplicate Task completion"),
]
AT_ONCE = 8


def export(context: df.DurableOrchestrationContext) -> Flow[str | None]:
    return flow.flow(Engine(context))


EXPORT = wrap(export)


class Parts:
    """What the steps of one export answer: parts in stages, of which the first are due."""

    def __init__(self, chance: random.Random, stages: Sequence[int], *, trouble: float = 0) -> None:
        self.chance = chance
        self.trouble = trouble
        self.stages = [set(range(100_000 * n, 100_000 * n + size)) for n, size in enumerate(stages)]
        self.built: list[int] = []

    def answer(self, item: ActivityItem) -> dict[str, Any]:
        order = json.loads(item.input or "null")
        if order.get("retry", 0) < 3 and self.chance.random() < self.trouble:
            if self.chance.random() < 0.5:
                raise TimeoutError("the worker is gone")
            return {"unreachable": "storage"}
        if item.name == names.LIST_DUE:
            open_stages = [stage for stage in self.stages if stage]
            return {"result": sorted(open_stages[0])[:AT_ONCE] if open_stages else []}
        if item.name == names.BUILD_PART:
            # Nothing of a later stage begins before all of this one is done.
            assert order["part"] in next((s for s in self.stages if s), {order["part"]})
            for stage in self.stages:
                stage.discard(order["part"])
            self.built.append(order["part"])
        return {"result": order.get("failure", "completed")}

    def choose(self, pending: Sequence[ActivityItem]) -> Sequence[ActivityItem]:
        """Some of the steps that are under way end, in any order; or they are slow."""
        least = 0 if self.trouble and self.chance.random() < 0.2 else 1
        return self.chance.sample(list(pending), self.chance.randint(least, len(pending)))


def run(parts: Parts) -> tuple[Any, Recorded]:
    """A whole run, and how it ended."""
    with tempfile.TemporaryDirectory() as directory:
        simulation = Recorded(Path(directory), parts.answer, parts.choose, EXPORT)
        simulation.orchestrators = {names.EXPORT: EXPORT}
        simulation.start(names.EXPORT, {"export_id": 1, "attempt": 1})
        ended = simulation.run()
        simulation.close()
        return ended, simulation


SIZES = st.lists(st.integers(0, 12), min_size=3, max_size=3)


@settings(max_examples=sized(15, 200), deadline=None)
@given(st.integers(0, 2**32), SIZES)
@example(7, [400, 20, 1])
def test_every_part_is_built_once_a_stage_after_the_other(seed: int, sizes: list[int]) -> None:
    parts = Parts(random.Random(seed), sizes)
    wanted = [part for stage in parts.stages for part in sorted(stage)]
    instance, simulation = run(parts)
    assert (instance.status, json.loads(instance.output or "")) == (Status.COMPLETED, "completed")
    assert sorted(parts.built) == wanted
    assert simulation.most_events < 1000


@settings(max_examples=sized(15, 200), deadline=None)
@given(st.integers(0, 2**32), SIZES)
def test_trouble_changes_nothing_but_the_time(seed: int, sizes: list[int]) -> None:
    parts = Parts(random.Random(seed), sizes, trouble=0.2)
    wanted = {part for stage in parts.stages for part in stage}
    instance, simulation = run(parts)
    assert (instance.status, json.loads(instance.output or "")) == (Status.COMPLETED, "completed")
    assert set(parts.built) == wanted
    for body in simulation.histories.values():
        assert replay_at_every_length(body, EXPORT)


def test_a_part_that_cannot_be_built_ends_it_with_a_reason() -> None:
    class Hopeless(Parts):
        def answer(self, item: ActivityItem) -> dict[str, Any]:
            failed = {"failed": "ValueError"}
            return failed if item.name == names.BUILD_PART else super().answer(item)

    instance, _ = run(Hopeless(random.Random(1), [3, 1, 1]))
    assert instance.status is Status.COMPLETED
    reason = f"The step {names.BUILD_PART} failed on our side."
    assert json.loads(instance.output or "") == reason


class Archived(Parts):
    """Storage needs so many looks, half an hour apart, whenever some of its images are archived.

    They are at the beginning, and sometimes when a part is about to be built.
    """

    PAUSE = 1800

    def __init__(self, chance: random.Random, stages: Sequence[int], looks: int, **trouble: float):
        super().__init__(chance, stages, **trouble)
        self.looks = self.slept = looks
        self.again = 2

    def answer(self, item: ActivityItem) -> dict[str, Any]:
        if item.name == names.LIST_DUE and self.looks:
            super().answer(item)
            return {"result": None}
        if item.name == names.RESTORE:
            answered = super().answer(item)
            if "unreachable" in answered:
                return answered
            self.looks = max(self.looks - 1, 0)
            return {"result": self.PAUSE if self.looks else 0}
        if item.name == names.BUILD_PART and self.again and self.chance.random() < 0.1:
            self.again -= 1
            self.looks += 2
            self.slept += 2
            return {"result": True}
        return super().answer(item)


@settings(max_examples=sized(15, 200), deadline=None)
@given(st.integers(0, 2**32), SIZES, st.integers(0, sized(12, 60)), st.sampled_from([0.0, 0.2]))
@example(3, [40, 3, 1], 60, 0.2)
def test_while_storage_brings_images_back_it_sleeps_and_then_builds_all(
    seed: int, sizes: list[int], looks: int, trouble: float
) -> None:
    parts = Archived(random.Random(seed), sizes, looks, trouble=trouble)
    wanted = {part for stage in parts.stages for part in stage}
    instance, simulation = run(parts)
    assert (instance.status, json.loads(instance.output or "")) == (Status.COMPLETED, "completed")
    assert set(parts.built) == wanted
    assert simulation.seconds >= (looks - 1) * Archived.PAUSE
    assert simulation.most_events < 1000
    for body in simulation.histories.values():
        assert replay_at_every_length(body, EXPORT)


def test_nothing_is_built_while_it_sleeps() -> None:
    parts = Archived(random.Random(1), [3, 1, 1], 4)
    parts.again = 0
    instance, simulation = run(parts)
    assert instance.status is Status.COMPLETED
    looked = [seconds for name, seconds, _ in simulation.tries if name == names.RESTORE]
    assert [round(at / Archived.PAUSE) for at in looked] == [0, 1, 2, 3]
    built = [seconds for name, seconds, _ in simulation.tries if name == names.BUILD_PART]
    assert min(built) >= max(looked)


def test_a_storage_that_never_answers_ends_it_with_a_reason() -> None:
    class Hopeless(Archived):
        def answer(self, item: ActivityItem) -> dict[str, Any]:
            away = {"unreachable": "Blob storage answered 503."}
            return away if item.name == names.RESTORE else super().answer(item)

    instance, _ = run(Hopeless(random.Random(1), [3, 1, 1], 1))
    assert "failed 4 times: Blob storage answered 503." in json.loads(instance.output or "")


def test_an_export_of_the_build_before_goes_on() -> None:
    """The history of one that runs, from before anything was archived: it must be replayed."""
    replay_running(EXPORT, Path(__file__).with_name("export_running.json"))
