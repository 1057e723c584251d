"""What starts runs anew whose orchestration is dead, missing or hung; and what that costs."""

import inspect
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from azure.durable_functions import DurableOrchestrationClient

from orchestrations.engine import PAUSE, RETRIES
from shared.jobs import finish
from shared.jobs import service as jobs
from shared.jobs.run import CRAWL
from shared.jobs.schemas import JobOut
from shared.platform.data.db import Database, Transaction
from shared.platform.durable import InstanceClient, RuntimeStatus
from shared.platform.http.auth.principal import Principal
from shared.runs import reconcile
from shared.runs import service as runs
from shared.runs.model import Run
from shared.runs.reconcile import Reconciler
from tests.integration.conftest import MakeJob, make_user, rows

ROOT = Path(__file__).parents[3]


class DurableClient:
    """Instances as the extension keeps them, by status; counts what it is asked."""

    def __init__(self, **instances: str) -> None:
        self.instances = {name.replace("_", "-"): status for name, status in instances.items()}
        self.asked = 0
        self.terminated: list[str] = []
        self.reasons: dict[str, str] = {}

    def _status(self, name: str) -> Any:
        status = SimpleNamespace(value=self.instances[name])
        output = self.reasons.get(name, "it died\nat once")
        return SimpleNamespace(instance_id=name, runtime_status=status, output=output)

    async def get_status(self, instance_id: str) -> Any:
        self.asked += 1
        return self._status(instance_id) if instance_id in self.instances else None

    async def get_status_by(
        self, *, runtime_status: Sequence[RuntimeStatus], instance_id_prefix: str
    ) -> list[Any]:
        self.asked += 1
        wanted = {status.value for status in runtime_status}
        names = [name for name, status in self.instances.items() if status in wanted]
        return [self._status(name) for name in names if name.startswith(instance_id_prefix)][:100]

    async def start_new(
        self,
        orchestration_function_name: str,
        instance_id: str | None = None,
        client_input: Any | None = None,
    ) -> str:
        self.asked += 1
        assert instance_id is not None
        if self.instances.get(instance_id) == "Running":
            raise Exception("An instance of that id is running already.")
        assert orchestration_function_name == "crawl"
        order = dict(client_input or {})
        assert instance_id == f"job-{order['job_id']}-{order['attempt']}"
        self.instances[instance_id] = "Running"
        return instance_id

    async def terminate(self, instance_id: str, reason: str) -> None:
        self.asked += 1
        self.terminated.append(instance_id)
        self.reasons[instance_id] = reason
        self.instances[instance_id] = "Terminated"

    async def purge_instance_history(self, instance_id: str) -> None:
        self.asked += 1
        del self.instances[instance_id]

    async def purge_instance_history_by(
        self,
        created_time_from: datetime,
        created_time_to: datetime,
        runtime_status: Sequence[RuntimeStatus],
    ) -> None:
        self.forgotten = (created_time_from, created_time_to, list(runtime_status))


@pytest.fixture
def reconciler(database: Database) -> Reconciler:
    return Reconciler(database, {CRAWL: finish.fail_run})


async def make_quiet(database: Database, seconds: float, *job_ids: int) -> None:
    """Nothing was heard of the jobs' crawls for that long."""
    await rows(
        database,
        """
        UPDATE runs SET heard_at = now() - %(by)s WHERE subject_id = ANY(%(ids)s)
        RETURNING subject_id
        """,
        by=timedelta(seconds=seconds),
        ids=list(job_ids),
    )


async def state(database: Database, job: JobOut) -> tuple[str, str | None]:
    (row,) = await rows(
        database, "SELECT status, failure_reason FROM crawl_jobs WHERE id = %(id)s", id=job.id
    )
    return row["status"], row["failure_reason"]


async def start_jobs(database: Database, make_job: MakeJob, number: int) -> list[JobOut]:
    """So many running jobs, each of somebody else."""
    return [
        await make_job(of=await make_user(database), max_images=1, start=True)
        for _ in range(number)
    ]


class TestDead:
    async def test_a_dead_instance_is_started_anew_at_once(
        self, database: Database, reconciler: Reconciler, make_job: MakeJob
    ) -> None:
        job = await make_job(start=True)
        client = DurableClient(**{f"job_{job.id}_1": "Failed"})
        assert await reconciler.restart_dead(client) == 1
        assert client.instances == {f"job-{job.id}-1": "Running"}
        assert await reconciler.restart_dead(client) == 0

    async def test_what_an_operator_terminates_has_failed(
        self, database: Database, reconciler: Reconciler, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job(start=True)
        client = DurableClient(**{f"job_{job.id}_1": "Terminated"})
        client.reasons[f"job-{job.id}-1"] = "it costs too much"
        for _ in range(2):
            assert await reconciler.restart_dead(client) == 0
        reason = "An operator has ended it: it costs too much"
        assert await state(database, job) == ("failed", reason)
        assert await rows(database, "SELECT reserved_balance AS held FROM credit_accounts") == [
            {"held": 0}
        ]
        assert client.instances == {}
        async with database.transaction() as transaction:
            assert (await jobs.retry_job(transaction, owner, job.id)).status == "running"

    async def test_one_that_always_dies_is_given_up(
        self, database: Database, reconciler: Reconciler, make_job: MakeJob
    ) -> None:
        job = await make_job(start=True)
        client = DurableClient()
        for _ in range(reconcile.MOST_RESTARTS):
            client.instances[f"job-{job.id}-1"] = "Failed"
            assert await reconciler.restart_dead(client) == 1
        client.instances[f"job-{job.id}-1"] = "Failed"
        assert await reconciler.restart_dead(client) == 0
        assert await state(database, job) == ("failed", "It failed on our side 10 times in a row.")

    async def test_a_run_without_its_subject_ends(
        self, database: Database, reconciler: Reconciler, make_job: MakeJob
    ) -> None:
        job = await make_job(start=True)
        await rows(database, "UPDATE crawl_jobs SET status = 'failed' RETURNING id")
        client = DurableClient(**{f"job_{job.id}_1": "Terminated"})
        for _ in range(2):
            assert await reconciler.restart_dead(client) == 0
        assert await rows(database, "SELECT status FROM runs") == [{"status": "failed"}]
        assert client.instances == {}

    async def test_but_not_one_that_comes_forward_in_between(
        self, database: Database, reconciler: Reconciler, make_job: MakeJob
    ) -> None:
        job = await make_job(start=True)
        client = DurableClient()
        for _ in range(reconcile.MOST_RESTARTS + 2):
            client.instances[f"job-{job.id}-1"] = "Failed"
            assert await reconciler.restart_dead(client) == 1
            async with database.transaction() as transaction:
                await runs.hear(transaction, CRAWL, job.id)
        assert (await state(database, job))[0] == "running"

    async def test_a_last_word_that_fails_is_said_again(
        self, database: Database, make_job: MakeJob
    ) -> None:
        broken, job = await start_jobs(database, make_job, 2)

        async def fail(transaction: Transaction, run: Run, reason: str) -> None:
            if run.subject_id == broken.id:
                raise ArithmeticError("our own fault")
            await finish.fail_run(transaction, run, reason)

        client = DurableClient(**{f"job_{j.id}_1": "Terminated" for j in (broken, job)})
        await Reconciler(database, {CRAWL: fail}).restart_dead(client)
        assert [(await state(database, j))[0] for j in (broken, job)] == ["running", "failed"]
        client.instances[f"job-{broken.id}-1"] = "Terminated"
        await Reconciler(database, {CRAWL: finish.fail_run}).restart_dead(client)
        assert (await state(database, broken))[0] == "failed"

    async def test_that_of_a_job_which_has_ended_is_forgotten(
        self, database: Database, reconciler: Reconciler, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job(start=True)
        async with database.transaction() as transaction:
            await jobs.stop_job(transaction, owner, job.id)
        client = DurableClient(**{f"job_{job.id}_1": "Failed", "job_2000000000_3": "Failed"})
        assert await reconciler.restart_dead(client) == 0
        assert client.instances == {}

    async def test_an_old_attempt_does_not_count(
        self, database: Database, reconciler: Reconciler, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job(start=True)
        async with database.transaction() as transaction:
            await jobs.stop_job(transaction, owner, job.id)
            await jobs.retry_job(transaction, owner, job.id)
        instances = {f"job_{job.id}_1": "Failed", f"job_{job.id}_2": "Running"}
        client = DurableClient(**instances)
        assert await reconciler.restart_dead(client) == 0
        assert client.instances == {f"job-{job.id}-2": "Running"}

    async def test_one_that_cannot_be_started_holds_up_no_other(
        self, database: Database, reconciler: Reconciler, make_job: MakeJob
    ) -> None:
        class Refusing(DurableClient):
            async def start_new(self, *order: Any) -> str:
                if order[1] == f"job-{refused.id}-1":
                    raise Exception("no")
                return await super().start_new(*order)

        refused, job = await start_jobs(database, make_job, 2)
        dead = {f"job_{refused.id}_1": "Failed", f"job_{job.id}_1": "Failed"}
        client = Refusing(**dead)
        assert await reconciler.restart_dead(client) == 1
        assert client.instances[f"job-{job.id}-1"] == "Running"


class TestQuiet:
    async def test_a_missing_instance_is_started(
        self, database: Database, reconciler: Reconciler, make_job: MakeJob
    ) -> None:
        job = await make_job(start=True)
        client = DurableClient()
        assert await reconciler.restart_quiet(client) == 0
        await make_quiet(database, reconcile.QUIET_SECONDS + 1, job.id)
        assert await reconciler.restart_quiet(client) == 1
        assert await reconciler.restart_quiet(client) == 0
        assert client.instances == {f"job-{job.id}-1": "Running"}

    async def test_one_that_waits_for_a_busy_source_is_left_alone(
        self, database: Database, reconciler: Reconciler, make_job: MakeJob
    ) -> None:
        job = await make_job(start=True)
        await make_quiet(database, reconcile.HANGS_SECONDS - 60, job.id)
        client = DurableClient(**{f"job_{job.id}_1": "Running"})
        assert await reconciler.restart_quiet(client) == 0
        assert client.instances == {f"job-{job.id}-1": "Running"}

    async def test_one_that_hangs_is_terminated_and_then_started_anew(
        self, database: Database, reconciler: Reconciler, make_job: MakeJob
    ) -> None:
        """So is a job whose activity nobody answers to any more."""
        job = await make_job(start=True)
        await make_quiet(database, reconcile.HANGS_SECONDS + 1, job.id)
        client = DurableClient(**{f"job_{job.id}_1": "Running"})
        await reconciler.restart_quiet(client)
        assert client.terminated == [f"job-{job.id}-1"]
        assert await reconciler.restart_dead(client) == 1
        await reconciler.restart_quiet(client)
        assert client.terminated == [f"job-{job.id}-1"]
        assert client.instances == {f"job-{job.id}-1": "Running"}

    async def test_one_that_has_said_that_it_sleeps_is_left_alone_so_much_longer(
        self, database: Database, reconciler: Reconciler, make_job: MakeJob
    ) -> None:
        job = await make_job(start=True)
        sleeps = 1800

        async def wake(after: float) -> DurableClient:
            """Who is asked about the job, so many seconds after it went to sleep."""
            await rows(database, "UPDATE runs SET heard_at = now() - interval '1 h' RETURNING kind")
            async with database.transaction() as transaction:
                await runs.hear(transaction, CRAWL, job.id, silent_for=sleeps)
            await rows(
                database,
                "UPDATE runs SET heard_at = heard_at - %(by)s RETURNING kind",
                by=timedelta(seconds=after),
            )
            client = DurableClient(**{f"job_{job.id}_1": "Running"})
            await reconciler.restart_quiet(client)
            return client

        assert (await wake(sleeps + reconcile.QUIET_SECONDS - 60)).asked == 0
        hardly = await wake(sleeps + reconcile.HANGS_SECONDS - 60)
        assert (hardly.asked, hardly.terminated) == (1, [])
        hung = await wake(sleeps + reconcile.HANGS_SECONDS + 1)
        assert hung.terminated == [f"job-{job.id}-1"]

    def test_no_step_takes_as_long_as_one_that_hangs(self) -> None:
        timeout = json.loads((ROOT / "host.json").read_text())["functionTimeout"]
        hours, minutes, seconds = map(int, timeout.split(":"))
        step = timedelta(hours=hours, minutes=minutes, seconds=seconds)
        longest = (1 + RETRIES) * step + RETRIES * PAUSE
        assert longest.total_seconds() <= reconcile.HANGS_SECONDS


async def test_instances_that_have_done_their_work_are_forgotten_after_a_day(
    reconciler: Reconciler,
) -> None:
    client = DurableClient()
    await reconciler.forget_ended(client)
    begin, end, statuses = client.forgotten
    assert statuses == [RuntimeStatus.COMPLETED]
    assert begin.year < 2020
    assert timedelta(0) <= datetime.now(UTC) - end - timedelta(days=1) < timedelta(minutes=1)


@pytest.mark.parametrize("name", [name for name in dir(InstanceClient) if not name.startswith("_")])
def test_the_real_client_takes_what_it_is_asked(name: str) -> None:
    real = inspect.signature(getattr(DurableOrchestrationClient, name)).parameters
    asked = inspect.signature(getattr(InstanceClient, name)).parameters
    assert set(asked) <= set(real)
    positional = [one.name for one in asked.values() if one.kind is not one.KEYWORD_ONLY]
    assert positional == list(real)[: len(positional)]


async def test_the_cost_does_not_grow_with_the_jobs(
    database: Database, reconciler: Reconciler, make_job: MakeJob
) -> None:
    costs, running = [], []
    for _ in range(3):
        running += [job.id for job in await start_jobs(database, make_job, 15)]
        await make_quiet(database, reconcile.QUIET_SECONDS + 1, *running)
        client = DurableClient(**{f"job_{job_id}_1": "Running" for job_id in running})
        await reconciler.restart_dead(client)
        await reconciler.restart_quiet(client)
        costs.append(client.asked)
    assert costs == [1 + reconcile.QUIET_AT_ONCE] * 3
