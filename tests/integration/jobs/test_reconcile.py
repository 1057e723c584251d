"""What the reconciler starts anew, ends and forgets, and what it asks of the engine for it."""

from collections.abc import Sequence
from enum import Enum
from types import SimpleNamespace
from typing import Any

import pytest

from shared.jobs import reconcile
from shared.platform.db import Database
from shared.platform.durable import EndedStatus
from shared.platform.principal import Principal
from shared.platform.settings import Settings
from tests.integration.conftest import MakeJob
from tests.integration.jobs.test_jobs import LIST, start

SdkStatus = Enum("SdkStatus", ["Running", "Completed", "Failed", "Terminated"])  # as the SDK's


class Engine:
    """Instances as the durable extension keeps them, and every call."""

    def __init__(self, **instances: str) -> None:
        self.instances = {name.replace("_", "-"): status for name, status in instances.items()}
        self.calls: list[str] = []

    def _status(self, name: str) -> Any:
        return SimpleNamespace(instance_id=name, runtime_status=SdkStatus[self.instances[name]])

    async def get_status(self, instance_id: str) -> Any:
        self.calls.append("get_status")
        return self._status(instance_id) if instance_id in self.instances else None

    async def get_status_by(
        self, *, runtime_status: Sequence[EndedStatus], instance_id_prefix: str
    ) -> Sequence[Any]:
        self.calls.append("get_status_by")
        return [
            self._status(name)
            for name, status in self.instances.items()
            if status in runtime_status and name.startswith(instance_id_prefix)
        ]

    async def start_new(
        self,
        orchestration_function_name: str,
        instance_id: str | None = None,
        client_input: Any | None = None,
    ) -> str:
        self.calls.append("start_new")
        assert instance_id
        assert client_input
        assert instance_id == f"job-{client_input['job_id']}-{client_input['attempt']}"
        assert self.instances.get(instance_id) != "Running"
        self.instances[instance_id] = "Running"
        return instance_id

    async def terminate(self, instance_id: str, reason: str) -> None:
        self.calls.append("terminate")
        self.instances[instance_id] = "Terminated"

    async def purge_instance_history(self, instance_id: str) -> None:
        self.calls.append("purge")
        del self.instances[instance_id]


@pytest.fixture
async def running(
    database: Database, owner: Principal, settings: Settings, make_job: MakeJob
) -> int:
    """A job that has been started."""
    job = await make_job(**LIST)
    assert await start(database, owner, settings, job.id) == "running"
    return job.id


async def grow_quiet(database: Database, job_id: int, seconds: int) -> None:
    """Has the job's row not moved for that long."""
    async with database.transaction() as transaction:
        await transaction.connection.execute("RESET ROLE")
        await transaction.connection.execute(
            "ALTER TABLE crawl_jobs DISABLE TRIGGER set_updated_at"
        )
        await transaction.connection.execute(
            "UPDATE crawl_jobs SET updated_at = now() - %s * interval '1 second' WHERE id = %s",
            [seconds, job_id],
        )
        await transaction.connection.execute("ALTER TABLE crawl_jobs ENABLE TRIGGER set_updated_at")


class TestDead:
    @pytest.mark.parametrize("status", ["Failed", "Terminated"])
    async def test_the_instance_of_a_running_job_is_started_anew(
        self, database: Database, running: int, status: str
    ) -> None:
        engine = Engine(**{f"job-{running}-1": status})
        assert await reconcile.restart_dead(database, engine) == 1
        assert engine.instances == {f"job-{running}-1": "Running"}
        assert await reconcile.restart_dead(database, engine) == 0

    async def test_what_lives_costs_one_request(self, database: Database, running: int) -> None:
        alive = {f"job-{number}-1": "Running" for number in range(running, running + 500)}
        engine = Engine(**alive)
        await reconcile.restart_dead(database, engine)
        assert engine.calls == ["get_status_by"]

    async def test_of_a_job_that_is_over_it_is_forgotten(
        self, database: Database, running: int
    ) -> None:
        engine = Engine(**{f"job-{running}-7": "Failed", "job-2000000000-1": "Failed"})
        assert await reconcile.restart_dead(database, engine) == 0
        assert engine.calls == ["get_status_by", "purge", "purge"]
        assert engine.instances == {}


class TestStalled:
    async def test_a_job_without_an_instance_gets_one(
        self, database: Database, running: int
    ) -> None:
        engine = Engine()
        assert await reconcile.restart_stalled(database, engine) == 0
        await grow_quiet(database, running, reconcile.QUIET_SECONDS + 5)
        assert await reconcile.restart_stalled(database, engine) == 1
        assert engine.instances == {f"job-{running}-1": "Running"}

    async def test_one_that_hangs_is_ended_and_then_started_anew(
        self, database: Database, running: int
    ) -> None:
        engine = Engine(**{f"job-{running}-1": "Running"})
        await grow_quiet(database, running, reconcile.HANGING_SECONDS - 60)
        await reconcile.restart_stalled(database, engine)
        assert engine.calls == ["get_status"]  # it may only be slow
        await grow_quiet(database, running, reconcile.HANGING_SECONDS + 5)
        await reconcile.restart_stalled(database, engine)
        assert engine.instances == {f"job-{running}-1": "Terminated"}
        assert await reconcile.restart_dead(database, engine) == 1
