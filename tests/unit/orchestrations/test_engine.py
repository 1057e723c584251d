"""How a flow's steps are tried again: how often, when, and what they leave behind."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import azure.durable_functions as df
import pytest

from orchestrations.engine import Engine, Flow, StepFailed
from scripts.devhost.host.durable.events import Status
from scripts.devhost.host.durable.records import ActivityItem, Instance
from tests.unit.orchestrations.replays import Recorded, run, wrap

# Once per process the SDK asks for types that activities of this SDK cannot be given.
pytestmark = pytest.mark.filterwarnings("ignore:azure.functions df_loads")

LOST = {"lost": True}
UNREACHABLE = {"unreachable": "The database is not reachable."}
DONE = {"result": 7}


def answers(*given: dict[str, Any]) -> Callable[[ActivityItem], dict[str, Any]]:
    """Answers one try after the other; the last answer goes for all that follow."""
    left = list(given)

    def answer(_: ActivityItem) -> dict[str, Any]:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if answer is LOST:
            raise TimeoutError('exceeded 00:10:00 \n {"StackTraceString": "at System"}')
        return answer

    return answer


def run_flow(
    flow: Callable[[Engine], Flow[Any]],
    answer: Callable[[ActivityItem], dict[str, Any]],
    choose: Callable[[Sequence[ActivityItem]], Sequence[ActivityItem]] = lambda pending: pending,
    *,
    engine: type[Engine] = Engine,
) -> tuple[Instance, Recorded]:
    def orchestrator(context: df.DurableOrchestrationContext) -> Flow[Any]:
        return flow(engine(context))

    return run(answer, choose, orchestrator=wrap(orchestrator))


def one_step(engine: Engine) -> Flow[Any]:
    return (yield from engine.step("work", {"id": 1}))


@pytest.mark.parametrize(
    ("given", "tried_at"),
    [
        ([DONE], [0]),
        ([UNREACHABLE, DONE], [0, 60]),
        ([UNREACHABLE, UNREACHABLE, UNREACHABLE, DONE], [0, 60, 120, 180]),
        ([LOST, DONE], [0, 0]),
        ([LOST, LOST, LOST, DONE], [0, 0, 60, 120]),
        ([UNREACHABLE, LOST, UNREACHABLE, DONE], [0, 60, 60, 120]),
    ],
)
def test_a_step_is_tried_three_times_more(
    given: list[dict[str, Any]], tried_at: list[float]
) -> None:
    instance, simulation = run_flow(one_step, answers(*given))
    assert (instance.status, instance.output) == (Status.COMPLETED, "7")
    assert [seconds for _, seconds, _ in simulation.tries] == tried_at
    retries = [{}, {"retry": 1}, {"retry": 2}, {"retry": 3}]
    assert [payload for *_, payload in simulation.tries] == [
        {"id": 1, **retry} for retry in retries[: len(tried_at)]
    ]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (UNREACHABLE, "The database is not reachable."),
        (LOST, "Activity function 'work' failed: TimeoutError: exceeded 00:10:00"),
    ],
)
def test_the_fourth_failure_is_the_last(given: dict[str, Any], reason: str) -> None:
    instance, simulation = run_flow(one_step, answers(given))
    assert len(simulation.tries) == 4
    assert instance.status is Status.FAILED
    assert (instance.output or "").endswith(f"The step work failed 4 times: {reason}")


def test_what_another_try_cannot_mend_is_not_tried_again() -> None:
    instance, simulation = run_flow(one_step, answers({"failed": "ValueError"}))
    assert instance.status is Status.FAILED
    assert len(simulation.tries) == 1


def many_steps(engine: Engine) -> Flow[Any]:
    for number in range(30):
        engine.call("work", {"id": number})
    yield from engine.finish_some(leave=0)
    return "all"


class Waiting:
    """Counts the activities that wait when the next are answered, which are all of them."""

    def __init__(self) -> None:
        self.counts: list[int] = []

    def __call__(self, pending: Sequence[ActivityItem]) -> Sequence[ActivityItem]:
        self.counts.append(len(pending))
        return pending


@pytest.mark.parametrize(("trouble", "seconds"), [(UNREACHABLE, 60), (LOST, 0)])
def test_retries_run_side_by_side(trouble: dict[str, Any], seconds: float) -> None:
    """The extension takes up one listed action after the other, as soon as it may go on."""
    waiting = Waiting()
    instance, simulation = run_flow(many_steps, answers(*[trouble] * 30, DONE), waiting)
    assert (instance.output, simulation.seconds) == ('"all"', seconds)
    assert waiting.counts == [30, 30]


def test_without_a_timer_that_is_due_retries_follow_each_other() -> None:
    class Held(Engine):
        def _let_go_on(self) -> None:
            """Lets it wait for the try."""

    waiting = Waiting()
    run_flow(many_steps, answers(*[LOST] * 30, DONE), waiting, engine=Held)
    assert waiting.counts == [30] + [1] * 30


def test_a_pause_holds_up_no_other_step() -> None:
    def flow(engine: Engine) -> Flow[Any]:
        engine.call("unreachable", {})
        engine.call("work", {})
        yield from engine.finish_some(leave=1)
        return [(yield from engine.step("work", {})), engine.running]

    def answer(item: ActivityItem) -> dict[str, Any]:
        retried = "retry" in json.loads(item.input or "null")
        return UNREACHABLE if item.name == "unreachable" and not retried else DONE

    instance, simulation = run_flow(flow, answer)
    assert json.loads(instance.output or "") == [7, [["unreachable", {}]]]
    assert [(name, seconds) for name, seconds, _ in simulation.tries if name == "work"] == [
        ("work", 0), ("work", 0),
    ]  # fmt: skip


def test_a_flow_that_gives_up_leaves_no_timer_that_keeps_it_from_ending() -> None:
    def flow(engine: Engine) -> Flow[Any]:
        engine.call("unreachable", {})
        engine.call("broken", {})
        try:
            yield from engine.finish_some(leave=0)
        except StepFailed:
            engine.abandon()
        return engine.running

    def answer(item: ActivityItem) -> dict[str, Any]:
        return UNREACHABLE if item.name == "unreachable" else {"failed": "ValueError"}

    instance, simulation = run_flow(flow, answer)
    assert (instance.output, simulation.seconds) == ("[]", 0)
    assert len(simulation.tries) == 2
