"""What happens to an orchestration from outside: events, new generations, suspension, its end."""

import datetime as dt
import json

import azure.durable_functions as df
import pytest

from scripts.devhost.host.durable.events import EventType, Status, task_completed, timestamp
from scripts.devhost.host.durable.records import Message
from tests.unit.devhost.simulation import Simulate, Steps

# What the SDK warns of: inputs of no declared type, events that nobody waits for yet.
pytestmark = [
    pytest.mark.filterwarnings("ignore:azure.functions df_loads was called"),
    pytest.mark.filterwarnings("ignore:Potential duplicate Task completion"),
]


class TestEvents:
    @staticmethod
    def waits(context: df.DurableOrchestrationContext) -> Steps:
        first = yield context.call_activity("echo", "before")
        second = yield context.wait_for_external_event("go")
        return [first, second]

    def test_early_event_is_kept_until_it_is_waited_for(self, simulate: Simulate) -> None:
        simulation = simulate(self.waits, echo=str)
        simulation.start("waits")
        simulation.raise_event("go", 1)
        simulation.run()
        assert simulation.outcome() == ("Completed", ["before", "1"])

    def test_each_wait_takes_one_event(self, simulate: Simulate) -> None:
        def twice(context: df.DurableOrchestrationContext) -> Steps:
            for _ in range(2):
                yield context.wait_for_external_event("go")
            return "done"

        simulation = simulate(twice)
        simulation.start("twice")
        simulation.raise_event("go")
        assert simulation.run().status is Status.RUNNING
        simulation.raise_event("go")
        assert simulation.run().status is Status.COMPLETED


class TestContinueAsNew:
    @staticmethod
    def loop(context: df.DurableOrchestrationContext) -> Steps:
        count = context.get_input()
        context.set_custom_status({"round": count})
        yield context.create_timer(context.current_utc_datetime + dt.timedelta(seconds=30))
        if count < 3:
            context.continue_as_new(count + 1)
            return None
        return count

    def test_new_execution_has_a_new_id_and_a_fresh_history(self, simulate: Simulate) -> None:
        simulation = simulate(self.loop)
        simulation.start("loop", 1)
        first = simulation.instance().execution_id
        simulation.run()
        assert simulation.outcome() == ("Completed", 3)
        assert simulation.instance().execution_id != first
        assert simulation.layout() == "12 0 10#0 13 12 11(0) 1#1 13"

    def test_status_between_executions(self, simulate: Simulate) -> None:
        simulation = simulate(self.loop)
        simulation.start("loop", 2)
        simulation.until(lambda: simulation.instance().status is Status.CONTINUED_AS_NEW)
        assert simulation.instance().custom_status == '{"round": 2}'
        assert json.loads(json.loads(simulation.instance().input or "")) == 3

    def test_event_of_the_batch_that_continues_is_carried_over(self, simulate: Simulate) -> None:
        def collect(context: df.DurableOrchestrationContext) -> Steps:
            seen = (context.get_input() or []) + [(yield context.wait_for_external_event("go"))]
            if len(seen) < 2:
                context.continue_as_new(seen)
                return None
            return seen

        simulation = simulate(collect)
        simulation.start("collect")
        simulation.settle()
        simulation.raise_event("go", 1)
        simulation.raise_event("go", 2)
        simulation.run()
        assert simulation.outcome() == ("Completed", ["1", "2"])

    def test_late_result_of_the_old_execution_is_dropped(self, simulate: Simulate) -> None:
        simulation = simulate(self.loop)
        simulation.start("loop", 2)
        old = simulation.instance().execution_id
        simulation.until(lambda: simulation.instance().execution_id != old)

        late = task_completed(timestamp(simulation.now), 0, '"late"')
        assert simulation.store.send(Message("one", old, late)) is False


class TestSteering:
    @staticmethod
    def waits(context: df.DurableOrchestrationContext) -> Steps:
        yield context.wait_for_external_event("go")
        return (yield context.call_activity("echo", "went"))

    def test_suspended_instance_withholds_events_until_resumed(self, simulate: Simulate) -> None:
        simulation = simulate(self.waits, echo=str)
        simulation.start("waits")
        simulation.settle()
        simulation.send(EventType.EXECUTION_SUSPENDED, Reason="hold")
        assert simulation.run().output == "hold"
        simulation.raise_event("go")
        assert simulation.run().status is Status.SUSPENDED
        simulation.send(EventType.EXECUTION_RESUMED, Reason="go on")
        simulation.run()
        assert simulation.outcome() == ("Completed", "went")

    @pytest.mark.parametrize("suspended", [False, True])
    def test_terminate_gives_user_code_no_say(self, simulate: Simulate, suspended: bool) -> None:
        simulation = simulate(self.waits, echo=str)
        simulation.start("waits")
        simulation.settle()
        if suspended:
            simulation.send(EventType.EXECUTION_SUSPENDED, Reason="hold")
        simulation.send(EventType.EXECUTION_TERMINATED, Input="stop it")
        simulation.run()
        assert simulation.outcome() == ("Terminated", "stop it")
        assert simulation.layout().endswith("3 1#0 13")

    def test_terminated_child_fails_its_task_in_the_parent(self, simulate: Simulate) -> None:
        def outer(context: df.DurableOrchestrationContext) -> Steps:
            yield context.call_sub_orchestrator("waits", None, "child")

        simulation = simulate(outer, self.waits)
        simulation.start("outer")
        simulation.settle()
        simulation.send(EventType.EXECUTION_TERMINATED, instance_id="child", Input="no more")
        simulation.run()
        status, output = simulation.outcome()
        assert (status, "no more" in output) == ("Failed", True)
