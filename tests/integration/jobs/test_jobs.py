"""The life of a job: start, stop, finish, retry; each twice and at once."""

import asyncio

import pytest

from shared.credits import service as credit_service
from shared.credits.errors import InsufficientCredits
from shared.jobs import finish
from shared.jobs import service as jobs
from shared.jobs.errors import JobNotRunning, JobNotStartable, TooManyRunningJobs
from shared.platform.db import Database
from shared.platform.errors import NotFound
from shared.platform.principal import Principal
from shared.platform.settings import Settings
from tests.integration.conftest import MakeJob, make_user


async def start(database: Database, owner: Principal, settings: Settings, job_id: int) -> str:
    try:
        async with database.transaction() as transaction:
            return (await jobs.start_job(transaction, owner, settings, job_id)).status
    except JobNotStartable as error:
        return error.code


async def available(database: Database, owner: Principal) -> int:
    async with database.transaction() as transaction:
        return (await credit_service.get_balance(transaction, owner)).available


async def outbox_keys(database: Database) -> list[str]:
    async with database.transaction() as transaction:
        cursor = await transaction.connection.execute("SELECT key FROM outbox ORDER BY id")
        return [row["key"] for row in await cursor.fetchall()]


class TestStart:
    async def test_many_starts_at_once_start_once(
        self, database: Database, owner: Principal, settings: Settings, make_job: MakeJob
    ) -> None:
        job = await make_job()
        results = await asyncio.gather(
            *(start(database, owner, settings, job.id) for _ in range(50))
        )
        assert sorted(results) == ["job_not_startable"] * 49 + ["running"]
        assert await available(database, owner) == 90
        assert await outbox_keys(database) == [f"start:job-{job.id}-1"]

    async def test_without_credits_nothing_is_started(
        self, database: Database, owner: Principal, settings: Settings, make_job: MakeJob
    ) -> None:
        job = await make_job(max_images=101)
        async with database.transaction() as transaction:
            with pytest.raises(InsufficientCredits):
                await jobs.start_job(transaction, owner, settings, job.id)
        async with database.transaction() as transaction:
            assert (await jobs.get_job(transaction, owner, job.id)).status == "pending"
        assert await outbox_keys(database) == []

    async def test_running_jobs_are_limited(self, settings: Settings, make_job: MakeJob) -> None:
        for _ in range(settings.max_running_jobs):
            await make_job(start=True)
        with pytest.raises(TooManyRunningJobs):
            await make_job(start=True)

    async def test_anothers_job_does_not_exist(
        self, database: Database, settings: Settings, make_job: MakeJob
    ) -> None:
        job = await make_job()
        stranger = await make_user(database)
        for call in (
            lambda tx: jobs.start_job(tx, stranger, settings, job.id),
            lambda tx: jobs.stop_job(tx, stranger, job.id),
            lambda tx: jobs.get_job(tx, stranger, job.id),
            lambda tx: jobs.get_progress(tx, stranger, job.id),
            lambda tx: jobs.get_stats(tx, stranger, job.id),
        ):
            async with database.transaction() as transaction:
                with pytest.raises(NotFound):
                    await call(transaction)


class TestStop:
    async def test_returns_the_credits_at_once_and_again_the_same(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job(start=True)
        for _ in range(2):
            async with database.transaction() as transaction:
                assert (await jobs.stop_job(transaction, owner, job.id)).status == "cancelled"
        assert await available(database, owner) == 100

    async def test_a_pending_job_is_not_running(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job()
        async with database.transaction() as transaction:
            with pytest.raises(JobNotRunning):
                await jobs.stop_job(transaction, owner, job.id)


class TestFinish:
    async def test_twice_is_as_once(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job(start=True)
        for _ in range(2):
            async with database.transaction() as transaction:
                assert await finish.finish_job(transaction, job.id, 1) == "completed"
        keys = await outbox_keys(database)
        assert keys[1:] == [f"notification:{owner.user_id}:job:{job.id}:1:completed"]
        assert await available(database, owner) == 100

    async def test_leaves_a_stopped_job_as_it_is(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job(start=True)
        async with database.transaction() as transaction:
            await jobs.stop_job(transaction, owner, job.id)
        async with database.transaction() as transaction:
            assert await finish.finish_job(transaction, job.id, 1) == "cancelled"
            assert not await finish.begin_job(transaction, job.id, 1)

    async def test_an_old_attempt_does_not_end_a_new_one(
        self, database: Database, owner: Principal, settings: Settings, make_job: MakeJob
    ) -> None:
        job = await make_job(start=True)
        async with database.transaction() as transaction:
            await jobs.stop_job(transaction, owner, job.id)
            await jobs.retry_job(transaction, owner, settings, job.id)
        async with database.transaction() as transaction:
            assert await finish.finish_job(transaction, job.id, 1) == "running"
            assert (await jobs.get_job(transaction, owner, job.id)).attempt == 2
