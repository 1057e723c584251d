"""The rules of replay one by one, with the unmodified SDK as the counterpart."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import azure.durable_functions as df
import pytest

from scripts.devhost.host.durable.events import EventType, Status, task_completed, timestamp
from scripts.devhost.host.durable.records import Message
from scripts.devhost.host.durable.replay import retry_delay
from tests.unit.devhost.simulation import Simulate, Steps, wrapped

# What the SDK warns of: inputs of no declared type, events that nobody waits for yet.
pytestmark = [
    pytest.mark.filterwarnings("ignore:azure.functions df_loads was called"),
    pytest.mark.filterwarnings("ignore:Potential duplicate Task completion"),
]


def failing(times: int) -> Callable[[Any], str]:
    calls = iter(range(1, 100))

    def activity(_: Any) -> str:
        call = next(calls)
        if call <= times:
            raise ValueError(f"attempt {call}")
        return f"ok after {call}"

    return activity


def everything(context: df.DurableOrchestrationContext) -> Steps:
    numbers = context.get_input()
    squares = yield context.task_all([context.call_activity("square", n) for n in numbers])
    retried = yield context.call_activity_with_retry("flaky", df.RetryOptions(5000, 3))
    yield context.create_timer(context.current_utc_datetime + dt.timedelta(minutes=10))
    deadline = context.create_timer(context.current_utc_datetime + dt.timedelta(hours=1))
    answer = context.wait_for_external_event("Approval")
    winner = yield context.task_any([answer, deadline])
    if winner is answer:
        deadline.cancel()
    total = yield context.call_sub_orchestrator("add_up", squares)
    return [retried, total, context.current_utc_datetime.strftime("%H:%M:%S")]


def add_up(context: df.DurableOrchestrationContext) -> Steps:
    return (yield context.call_activity("add", context.get_input()))


def test_history_has_the_real_hosts_layout_and_ids(simulate: Simulate) -> None:
    simulation = simulate(everything, add_up, square=lambda n: n * n, add=sum, flaky=failing(2))
    simulation.start("everything", [1, 2, 3])
    simulation.until(lambda: "10#9" in simulation.layout())
    simulation.raise_event("Approval", {"by": "me"})
    simulation.run()
    assert simulation.outcome() == ("Completed", ["ok after 3", 14, "00:10:10"])
    assert simulation.layout() == (
        "12 0 4#0 4#1 4#2 13 12 5(0) 13 12 5(1) 13 12 5(2) 4#3 13 12 6(3) 10#4 13 "
        "12 11(4) 4#5 13 12 6(5) 10#6 13 12 11(6) 4#7 13 12 5(7) 10#8 13 12 11(8) 10#9 13 "
        "12 15 7#10 13 12 8(10) 1#11 13"
    )
    execution_id = simulation.instance().execution_id
    child = simulation.instance(f"{execution_id}:10")
    assert (child.name, child.output) == ("add_up", "14")


def test_inbound_events_are_marked_as_played(simulate: Simulate) -> None:
    simulation = simulate(add_up, add=sum)
    simulation.start("add_up", [1])
    simulation.run()
    played = [e["EventType"] for e in simulation.store.history("one") if e["IsPlayed"]]
    assert played == [EventType.EXECUTION_STARTED, EventType.TASK_COMPLETED]


class TestRetry:
    def test_exhausted_attempts_cost_one_timer_each_the_last_without_delay(
        self, simulate: Simulate
    ) -> None:
        def hopeless(context: df.DurableOrchestrationContext) -> Steps:
            yield context.call_activity_with_retry("flaky", df.RetryOptions(60_000, 2))

        simulation = simulate(hopeless, flaky=failing(99))
        simulation.start("hopeless")
        begun = simulation.now
        simulation.run()
        assert simulation.outcome()[0] == "Failed"
        assert "12 6(2) 10#3 13 12 11(3) 1#4 13" in simulation.layout()
        assert simulation.now - begun == dt.timedelta(minutes=1)

    def test_sub_orchestration_with_retry(self, simulate: Simulate) -> None:
        def outer(context: df.DurableOrchestrationContext) -> Steps:
            options = df.RetryOptions(1000, 3)
            return (yield context.call_sub_orchestrator_with_retry("inner", options, [1]))

        def inner(context: df.DurableOrchestrationContext) -> Steps:
            return (yield context.call_activity("flaky", None))

        simulation = simulate(outer, inner, flaky=failing(1))
        simulation.start("outer")
        simulation.run()
        assert simulation.outcome() == ("Completed", "ok after 2")

    def test_retries_inside_task_all_go_on_side_by_side(self, simulate: Simulate) -> None:
        def wide(context: df.DurableOrchestrationContext) -> Steps:
            options = df.RetryOptions(1000, 2)
            calls = [context.call_activity_with_retry("flaky", options, n) for n in range(3)]
            return (yield context.task_all(calls))

        simulation = simulate(wide, flaky=failing(3))
        simulation.start("wide")
        simulation.run()
        assert simulation.outcome() == ("Completed", ["ok after 4", "ok after 5", "ok after 6"])

    def test_back_off_of_other_clients_is_honoured(self) -> None:
        options = {
            "firstRetryIntervalInMilliseconds": 100,
            "backoffCoefficient": 2,
            "maxRetryIntervalInMilliseconds": 300,
        }
        assert [retry_delay(options, attempt) for attempt in (1, 2, 3)] == [100, 200, 300]


class TestOpenTasks:
    def test_timer_that_lost_keeps_the_instance_running(self, simulate: Simulate) -> None:
        def leaves_timer(context: df.DurableOrchestrationContext) -> Steps:
            timer = context.create_timer(context.current_utc_datetime + dt.timedelta(hours=2))
            yield context.task_any([context.call_activity("square", 2), timer])
            return "early"

        simulation = simulate(leaves_timer, square=lambda n: n * n)
        simulation.start("leaves_timer")
        assert simulation.settle().status is Status.RUNNING
        begun = simulation.now
        simulation.run()
        assert simulation.outcome() == ("Completed", "early")
        assert simulation.now - begun == dt.timedelta(hours=2)

    def test_error_waits_for_open_tasks_too(self, simulate: Simulate) -> None:
        def fails_early(context: df.DurableOrchestrationContext) -> Steps:
            yield context.task_any(
                [context.call_activity("square", 2), context.call_activity("square", 3)]
            )
            raise ValueError("too early")

        simulation = simulate(fails_early, square=lambda n: n * n)
        simulation.start("fails_early")
        simulation.run()
        assert simulation.outcome() == (
            "Failed",
            "Orchestrator function 'fails_early' failed: too early",
        )
        assert "5(1)" in simulation.layout()

    def test_failure_in_task_all_waits_for_its_siblings(self, simulate: Simulate) -> None:
        def catches(context: df.DurableOrchestrationContext) -> Steps:
            try:
                yield context.task_all([context.call_activity("flaky", n) for n in range(3)])
            except Exception as error:  # noqa: BLE001 - the SDK raises nothing narrower
                return (yield context.call_activity("echo", str(error)))

        simulation = simulate(catches, flaky=failing(1), echo=str)
        simulation.start("catches")
        simulation.run()
        status, output = simulation.outcome()
        assert (status, "attempt 1" in output) == ("Completed", True)


class TestNonDeterminism:
    @staticmethod
    def two_steps(*names: str) -> Any:
        def two(context: df.DurableOrchestrationContext) -> Steps:
            yield context.call_activity(names[0], None)
            yield context.wait_for_external_event("go")
            yield context.call_activity(names[1], None)

        return two

    def test_changed_code_fails_the_instance(self, simulate: Simulate) -> None:
        simulation = simulate(self.two_steps("a", "b"), a=str, b=str, c=str)
        simulation.start("two")
        simulation.run()
        simulation.orchestrators = wrapped(self.two_steps("c", "b"))
        simulation.raise_event("go")
        simulation.run()
        status, output = simulation.outcome()
        assert status == "Failed"
        assert "Non-Deterministic workflow detected" in output
        assert "TASK_SCHEDULED a with the sequence number 0" in output

    def test_names_are_compared_without_case(self, simulate: Simulate) -> None:
        simulation = simulate(self.two_steps("a", "b"), a=str, b=str)
        simulation.start("two")
        simulation.run()
        simulation.orchestrators = wrapped(self.two_steps("A", "b"))
        simulation.raise_event("go")
        simulation.run()
        assert simulation.outcome()[0] == "Completed"

    def test_code_that_schedules_less_fails_the_instance(self, simulate: Simulate) -> None:
        def nothing(context: df.DurableOrchestrationContext) -> Steps:
            yield context.wait_for_external_event("go")

        nothing.__name__ = "two"
        simulation = simulate(self.two_steps("a", "b"), a=str, b=str)
        simulation.start("two")
        simulation.run()
        simulation.orchestrators = wrapped(nothing)
        simulation.raise_event("go")
        simulation.run()
        assert "the orchestrator scheduled nothing." in simulation.outcome()[1]


class TestResults:
    def test_duplicate_result_is_not_even_stored(self, simulate: Simulate) -> None:

        def two(context: df.DurableOrchestrationContext) -> Steps:
            first = yield context.call_activity("echo", "a")
            yield context.wait_for_external_event("go")
            return first

        simulation = simulate(two, echo=str)
        simulation.start("two")
        simulation.settle()
        before = simulation.layout()
        execution_id = simulation.instance().execution_id
        again = task_completed(timestamp(simulation.now), 0, '"other"')
        simulation.store.send(Message("one", execution_id, again))
        simulation.settle()
        assert simulation.layout() == before
        simulation.raise_event("go")
        simulation.run()
        assert simulation.outcome() == ("Completed", "a")

    @pytest.mark.parametrize("value", [0, False, "", [], {"a": None}, None])
    def test_output_keeps_its_type(self, simulate: Simulate, value: Any) -> None:
        def returns(context: df.DurableOrchestrationContext) -> Any:
            return value

        simulation = simulate(returns)
        simulation.start("returns")
        simulation.run()
        assert simulation.outcome() == ("Completed", value)

    def test_custom_status_over_16_kb_fails_the_instance(self, simulate: Simulate) -> None:
        def boasts(context: df.DurableOrchestrationContext) -> Any:
            context.set_custom_status("x" * 9000)

        simulation = simulate(boasts)
        simulation.start("boasts")
        simulation.run()
        assert "16 KB" in simulation.outcome()[1]

    def test_entities_and_call_http_are_refused_by_name(self, simulate: Simulate) -> None:
        def calls(context: df.DurableOrchestrationContext) -> Steps:
            yield context.call_http("GET", "http://127.0.0.1/")

        simulation = simulate(calls)
        simulation.start("calls")
        simulation.run()
        assert simulation.outcome() == (
            "Failed",
            "Orchestrator function 'calls' failed: call_http is not offered by the local host",
        )

    def test_what_the_sdk_cannot_run_fails_with_its_text(self, simulate: Simulate) -> None:
        def odd(context: df.DurableOrchestrationContext) -> Steps:
            yield 5

        simulation = simulate(odd)
        simulation.start("odd")
        simulation.run()
        assert simulation.outcome()[1].startswith(
            "Orchestrator function 'odd' failed: AttributeError: "
        )


def test_long_timer_is_cut_into_pieces(simulate: Simulate) -> None:
    def sleeps(context: df.DurableOrchestrationContext) -> Steps:
        yield context.create_timer(context.current_utc_datetime + dt.timedelta(days=7))
        return "awake"

    simulation = simulate(sleeps)
    simulation.start("sleeps")
    begun = simulation.now
    simulation.run()
    assert simulation.outcome() == ("Completed", "awake")
    assert simulation.now - begun == dt.timedelta(days=7)
    assert simulation.layout() == "12 0 10#0 13 12 11(0) 10#1 13 12 11(1) 1#2 13"


def test_running_child_id_fails_the_second_child(simulate: Simulate) -> None:
    def outer(context: df.DurableOrchestrationContext) -> Steps:
        calls = [context.call_sub_orchestrator("add_up", [1], "same") for _ in range(2)]
        return (yield context.task_all(calls))

    simulation = simulate(outer, add_up, add=sum)
    simulation.start("outer")
    simulation.run()
    status, output = simulation.outcome()
    assert (status, "the instance id same is running already" in output) == ("Failed", True)
