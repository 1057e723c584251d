"""What starts jobs anew whose orchestration is dead, missing or hung; and what that costs."""

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
from shared.jobs import reconcile
from shared.jobs import service as jobs
from shared.platform.db import Database
from shared.platform.durable import InstanceClient, RuntimeStatus
from shared.platform.principal import Principal
from shared.platform.settings import Settings
from tests.integration.conftest import MakeJob

ROOT = Path(__file__).parents[3]


class DurableClient:
    """Instances as the extension keeps them, by status; counts what it is asked."""

    def __init__(self, **instances: str) -> None:
        self.instances = {name.replace("_", "-"): status for name, status in instances.items()}
        self.asked = 0
        self.terminated: list[str] = []

    def _status(self, name: str) -> Any:
        status = SimpleNamespace(value=self.instances[name])
        return SimpleNamespace(instance_id=name, runtime_status=status, output="it died\nat once")

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


async def make_quiet(database: Database, seconds: float, *job_ids: int) -> None:
    """The jobs' rows have not moved for that long."""
    async with database.transaction() as transaction:
        await transaction.connection.execute("RESET ROLE")
        await transaction.connection.execute("SET LOCAL session_replication_role = replica")
        await transaction.connection.execute(
            "UPDATE crawl_jobs SET updated_at = now() - %(by)s WHERE id = ANY(%(ids)s)",
            {"by": timedelta(seconds=seconds), "ids": list(job_ids)},
        )


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Many jobs may run."""
    return settings.model_copy(update={"max_running_jobs": 1000})


class TestDead:
    @pytest.mark.parametrize("status", ["Failed", "Terminated"])
    async def test_a_dead_instance_is_started_anew_at_once(
        self, database: Database, make_job: MakeJob, status: str
    ) -> None:
        job = await make_job(start=True)
        client = DurableClient(**{f"job_{job.id}_1": status})
        assert await reconcile.restart_dead(database, client) == 1
        assert client.instances == {f"job-{job.id}-1": "Running"}
        assert await reconcile.restart_dead(database, client) == 0

    async def test_that_of_a_job_which_has_ended_is_forgotten(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job(start=True)
        async with database.transaction() as transaction:
            await jobs.stop_job(transaction, owner, job.id)
        client = DurableClient(**{f"job_{job.id}_1": "Failed", "job_2000000000_3": "Failed"})
        assert await reconcile.restart_dead(database, client) == 0
        assert client.instances == {}

    async def test_an_old_attempt_does_not_count(
        self, database: Database, owner: Principal, make_job: MakeJob, settings: Settings
    ) -> None:
        job = await make_job(start=True)
        async with database.transaction() as transaction:
            await jobs.stop_job(transaction, owner, job.id)
            await jobs.retry_job(transaction, owner, settings, job.id)
        instances = {f"job_{job.id}_1": "Failed", f"job_{job.id}_2": "Running"}
        client = DurableClient(**instances)
        assert await reconcile.restart_dead(database, client) == 0
        assert client.instances == {f"job-{job.id}-2": "Running"}

    async def test_one_that_cannot_be_started_holds_up_no_other(
        self, database: Database, make_job: MakeJob
    ) -> None:
        class Refusing(DurableClient):
            async def start_new(self, *order: Any) -> str:
                if order[1] == f"job-{refused.id}-1":
                    raise Exception("no")
                return await super().start_new(*order)

        refused, job = await make_job(start=True), await make_job(start=True)
        dead = {f"job_{refused.id}_1": "Failed", f"job_{job.id}_1": "Failed"}
        client = Refusing(**dead)
        assert await reconcile.restart_dead(database, client) == 1
        assert client.instances[f"job-{job.id}-1"] == "Running"


class TestQuiet:
    async def test_a_missing_instance_is_started(
        self, database: Database, make_job: MakeJob
    ) -> None:
        job = await make_job(start=True)
        client = DurableClient()
        assert await reconcile.restart_quiet(database, client) == 0
        await make_quiet(database, reconcile.QUIET_SECONDS + 1, job.id)
        assert await reconcile.restart_quiet(database, client) == 1
        assert await reconcile.restart_quiet(database, client) == 0
        assert client.instances == {f"job-{job.id}-1": "Running"}

    async def test_one_that_waits_for_a_busy_source_is_left_alone(
        self, database: Database, make_job: MakeJob
    ) -> None:
        job = await make_job(start=True)
        await make_quiet(database, reconcile.HUNG_SECONDS - 60, job.id)
        client = DurableClient(**{f"job_{job.id}_1": "Running"})
        assert await reconcile.restart_quiet(database, client) == 0
        assert client.instances == {f"job-{job.id}-1": "Running"}

    async def test_one_that_hangs_is_terminated_and_then_started_anew(
        self, database: Database, make_job: MakeJob
    ) -> None:
        """So is a job whose activity nobody answers to any more."""
        job = await make_job(start=True)
        await make_quiet(database, reconcile.HUNG_SECONDS + 1, job.id)
        client = DurableClient(**{f"job_{job.id}_1": "Running"})
        await reconcile.restart_quiet(database, client)
        assert client.terminated == [f"job-{job.id}-1"]
        assert await reconcile.restart_dead(database, client) == 1
        await reconcile.restart_quiet(database, client)
        assert client.terminated == [f"job-{job.id}-1"]
        assert client.instances == {f"job-{job.id}-1": "Running"}

    def test_no_step_takes_as_long_as_one_that_hangs(self) -> None:
        timeout = json.loads((ROOT / "host.json").read_text())["functionTimeout"]
        hours, minutes, seconds = map(int, timeout.split(":"))
        step = timedelta(hours=hours, minutes=minutes, seconds=seconds)
        longest = (1 + RETRIES) * step + RETRIES * PAUSE
        assert longest.total_seconds() <= reconcile.HUNG_SECONDS


async def test_instances_that_have_done_their_work_are_forgotten_after_a_day() -> None:
    client = DurableClient()
    await reconcile.forget_ended(client)
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


async def test_the_cost_does_not_grow_with_the_jobs(database: Database, make_job: MakeJob) -> None:
    costs, running = [], []
    for _ in range(3):
        running += [(await make_job(max_images=1, start=True)).id for _ in range(15)]
        await make_quiet(database, reconcile.QUIET_SECONDS + 1, *running)
        client = DurableClient(**{f"job_{job_id}_1": "Running" for job_id in running})
        await reconcile.restart_dead(database, client)
        await reconcile.restart_quiet(database, client)
        costs.append(client.asked)
    assert costs == [1 + reconcile.QUIET_AT_ONCE] * 3
