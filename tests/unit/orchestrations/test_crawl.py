"""The crawl's orchestration on the real engine, whatever order its steps end in."""

import json
import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestrations.crawl import names
from scripts.devhost.host.durable.events import Status
from tests.scale import sized
from tests.unit.orchestrations.jobs import Job
from tests.unit.orchestrations.replays import run

# Once per process the SDK asks for types that activities of this SDK cannot be given.
pytestmark = pytest.mark.filterwarnings("ignore:azure.functions df_loads")

MOST_BYTES = 16 * 1024


@settings(max_examples=sized(8, 100))
@given(st.integers(0, 2**32), st.integers(0, 150))
@example(7, 210)  # 10,000 images and some that are not taken
def test_every_chunk_is_processed_once_and_the_history_stays_short(seed: int, chunks: int) -> None:
    job = Job(random.Random(seed), chunks)
    instance, simulation = run(job.answer, job.choose)
    assert (instance.status, json.loads(instance.output or "")) == (Status.COMPLETED, "completed")
    assert job.done[names.PROCESS_CHUNK] == job.cut
    assert (job.done[names.BEGIN], job.done[names.FINISH]) == (1, 1)
    assert (job.waiting, job.open, job.busy) == (0, [], 0)
    assert simulation.most_events < 1000
    assert max(job.sizes) < MOST_BYTES


@settings(max_examples=sized(5, 50))
@given(
    st.integers(0, 2**32),
    st.sampled_from([names.BEGIN, names.ADVANCE, names.DISCOVER, names.PROCESS_CHUNK]),
)
def test_a_step_that_fails_ends_the_job_with_a_reason(seed: int, step: str) -> None:
    job = Job(random.Random(seed), 5, fail=step)
    job.pages = 1
    instance, _ = run(job.answer, job.choose)
    assert instance.status is Status.COMPLETED
    assert json.loads(instance.output or "") == f"The step {step} failed on our side."
