"""Failures, lost workers, slow and repeated answers in any order: the same end as without them.

A replay whose actions are not those of the history fails the instance, here as on Azure.
"""

import json
import random
from typing import Any

import azure.durable_functions as df
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from orchestrations.crawl.flow import flow
from orchestrations.crawl.names import ADVANCE, BEGIN, DISCOVER, PROCESS_CHUNK
from orchestrations.engine import Engine, Flow
from scripts.devhost.host.durable.events import Status
from scripts.devhost.host.durable.records import ActivityItem
from scripts.devhost.host.durable.replay import NonDeterminismError
from tests.scale import sized
from tests.unit.devhost.simulation import Steps
from tests.unit.orchestrations.jobs import Job, TroubledJob
from tests.unit.orchestrations.replays import CRAWL, replay_at_every_length, run, wrap

# Of the SDK: activities that it cannot be given types of, and answers that come twice.
pytestmark = [
    pytest.mark.filterwarnings("ignore:azure.functions df_loads"),
    pytest.mark.filterwarnings("ignore:Potential duplicate Task completion"),
]
CHUNKS = st.integers(0, sized(4, 6))  # a replay at every length costs the square of them
RATES = st.sampled_from([0.1, 0.3])
PHASES = (Phase.explicit, Phase.generate)  # a seed gets no clearer by being smaller


@settings(max_examples=sized(100, 1000), phases=PHASES)
@given(st.integers(0, 2**32), CHUNKS, RATES)
def test_trouble_changes_nothing_but_the_time(seed: int, chunks: int, rate: float) -> None:
    job = TroubledJob(random.Random(seed), chunks, rate=rate)
    instance, simulation = run(job.answer, job.choose)
    assert (instance.status, json.loads(instance.output or "")) == (Status.COMPLETED, "completed")
    assert (job.waiting, job.open, job.pages, job.busy) == (0, [], 0, 0)
    for body in simulation.histories.values():
        assert replay_at_every_length(body, CRAWL)


@settings(max_examples=sized(20, 200), phases=PHASES)
@given(st.integers(0, 2**32), CHUNKS, st.sampled_from([BEGIN, ADVANCE, DISCOVER, PROCESS_CHUNK]))
def test_a_step_that_fails_four_times_ends_the_job_with_a_reason(
    seed: int, chunks: int, step: str
) -> None:
    job = TroubledJob(random.Random(seed), chunks + 1, rate=0.3, hopeless=step)
    job.pages = max(job.pages, 1)
    instance, simulation = run(job.answer, job.choose)
    assert instance.status is Status.COMPLETED
    reason = json.loads(instance.output or "")
    assert reason.startswith(f"The step {step} failed 4 times: ")
    assert ".NET" not in reason
    for body in simulation.histories.values():
        assert replay_at_every_length(body, CRAWL)


class RetryPolicies(Engine):
    """Tries steps as the flow did before: by the SDK's policy."""

    def _try(self, step: Any) -> None:
        policy = df.RetryOptions(60_000, 100)
        task = self._context.call_activity_with_retry(step.name, policy, step.payload)
        self._steps[task] = step


class LosingJob(Job):
    """Every tenth chunk loses its worker."""

    def answer(self, item: ActivityItem) -> dict[str, Any]:
        if item.name == PROCESS_CHUNK and self.chance.random() < 0.1:
            raise TimeoutError("the worker is gone")
        return super().answer(item)


def with_retry_policies(context: df.DurableOrchestrationContext) -> Flow[str | None]:
    return flow(RetryPolicies(context))


def test_a_flow_with_retry_policies_is_found_out() -> None:
    """Else the tests above would say nothing: on Azure each such instance dies."""
    outputs = []
    for seed in range(5):
        job = LosingJob(random.Random(seed), 40)
        instance, _ = run(job.answer, job.choose, orchestrator=wrap(with_retry_policies))
        assert instance.status is Status.FAILED
        outputs.append(instance.output or "")
    # Some get there by a result that the SDK gives to another task than the engine does.
    died = [text for text in outputs if text.startswith("Non-Deterministic workflow detected")]
    assert len(died) >= 3


def test_a_flow_that_looks_at_the_clock_is_found_out() -> None:
    def clock(context: df.DurableOrchestrationContext) -> Steps:
        yield context.call_activity("chunk", {})
        yield context.call_activity("chunk", {"second": next(seconds)})
        yield context.call_activity("chunk", {})

    seconds = iter(range(100))
    job = TroubledJob(random.Random(7), 0, rate=0)
    _, simulation = run(job.answer, job.choose, orchestrator=wrap(clock))
    (body,) = simulation.histories.values()
    with pytest.raises(NonDeterminismError):
        replay_at_every_length(body, wrap(clock))
