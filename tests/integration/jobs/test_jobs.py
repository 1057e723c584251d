"""The life of a job: start, stop, finish, retry; each twice and at once."""

import asyncio
import time

import pytest
from pydantic import ValidationError

from shared.credits import service as credit_service
from shared.credits.errors import InsufficientCredits
from shared.jobs import finish, remove, reports
from shared.jobs import service as jobs
from shared.jobs.errors import (
    JobNotEditable,
    JobNotRunning,
    JobNotStartable,
    JobRunning,
    TooManyRunningJobs,
)
from shared.jobs.schemas import JobOut, JobQuery, JobUpdate
from shared.platform.db import Database
from shared.platform.errors import Invalid, NotFound
from shared.platform.pagination import PageQuery
from shared.platform.principal import Principal
from shared.platform.settings import Settings
from tests.integration.conftest import MakeJob, make_user, rows

LIST: dict[str, object] = {
    "keywords": ["cat", "dog"],
    "engines": ["url_list"],
    "urls": [
        {"url": "https://images.example/1.jpg"},
        {"url": "https://images.example/2.jpg", "keyword": "dog"},
    ],
}


async def update(
    database: Database, owner: Principal, settings: Settings, job_id: int, **changes: object
) -> JobOut:
    async with database.transaction() as transaction:
        body = JobUpdate.model_validate(changes)
        return await jobs.update_job(transaction, owner, settings, job_id, body)


async def delete(database: Database, owner: Principal, job_id: int) -> None:
    async with database.transaction() as transaction:
        await remove.delete_job(transaction, owner, job_id)


async def start(
    database: Database, owner: Principal, settings: Settings, job_id: int, *, age: float = 0
) -> str:
    came_in = time.monotonic() - age
    try:
        async with database.transaction() as transaction:
            job = await jobs.start_job(
                transaction, owner, settings, job_id, request_age=time.monotonic() - came_in
            )
            return job.status
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
        assert results == ["running"] * 50
        assert await available(database, owner) == 90
        assert await outbox_keys(database) == [f"start:job-{job.id}-1"]

    async def test_a_later_start_is_refused(
        self, database: Database, owner: Principal, settings: Settings, make_job: MakeJob
    ) -> None:
        job = await make_job()
        assert await start(database, owner, settings, job.id) == "running"
        await rows(
            database,
            "UPDATE crawl_jobs SET started_at = started_at - interval '1 minute' RETURNING id",
        )
        assert await start(database, owner, settings, job.id) == "job_not_startable"

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

    async def test_new_jobs_started_at_once_do_not_block_each_other(
        self, settings: Settings, make_job: MakeJob
    ) -> None:
        made = await asyncio.gather(
            *(make_job(start=True) for _ in range(settings.max_running_jobs + 3)),
            return_exceptions=True,
        )
        refused = [job for job in made if isinstance(job, BaseException)]
        assert [type(error) for error in refused] == [TooManyRunningJobs] * 3

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
            lambda tx: jobs.update_job(tx, stranger, settings, job.id, JobUpdate(name="x")),
            lambda tx: remove.delete_job(tx, stranger, job.id),
            lambda tx: reports.list_chunks(tx, stranger, job.id, PageQuery()),
            lambda tx: jobs.get_job(tx, stranger, job.id),
            lambda tx: reports.get_progress(tx, stranger, job.id),
            lambda tx: reports.get_stats(tx, stranger, job.id),
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


class TestUpdate:
    async def test_a_pending_job_may_be_changed_in_all(
        self, database: Database, owner: Principal, settings: Settings, make_job: MakeJob
    ) -> None:
        job = await make_job()
        changes: dict[str, object] = {"keywords": ["dog", "owl"], "max_images": 20}
        changed = await update(
            database, owner, settings, job.id, name="dogs", engines=["wikimedia"], **changes
        )
        assert (changed.name, changed.keywords, changed.max_images, changed.engines) == (
            "dogs",
            ["dog", "owl"],
            20,
            ["wikimedia"],
        )

    async def test_of_a_started_job_only_the_name(
        self, database: Database, owner: Principal, settings: Settings, make_job: MakeJob
    ) -> None:
        job = await make_job(start=True)
        assert (await update(database, owner, settings, job.id, name="dogs")).name == "dogs"
        with pytest.raises(JobNotEditable):
            await update(database, owner, settings, job.id, name="owls", max_images=5)

    async def test_the_plan_limits_the_images(
        self, database: Database, owner: Principal, settings: Settings, make_job: MakeJob
    ) -> None:
        job = await make_job()
        with pytest.raises(Invalid):
            await update(database, owner, settings, job.id, max_images=10**6)

    @pytest.mark.parametrize(
        ("field", "values"),
        [
            ("keywords", ["cats", "dog"]),  # the list is under "cat" and "dog"
            ("keywords", ["cat"]),
            ("engines", ["wikimedia"]),
        ],
    )
    async def test_what_a_list_needs_stays(
        self,
        database: Database,
        owner: Principal,
        settings: Settings,
        make_job: MakeJob,
        field: str,
        values: list[str],
    ) -> None:
        job = await make_job(**LIST)
        with pytest.raises(Invalid) as refused:
            await update(database, owner, settings, job.id, **{field: values})
        assert [error["loc"] for error in refused.value.errors] == [["body", field]]
        async with database.transaction() as transaction:
            assert await jobs.get_job(transaction, owner, job.id) == job

    async def test_the_rest_of_a_job_with_a_list_may_be_changed(
        self, database: Database, owner: Principal, settings: Settings, make_job: MakeJob
    ) -> None:
        job = await make_job(**LIST)
        keywords, engines = ["owl", "dog", "cat"], ["wikimedia", "url_list"]
        changed = await update(
            database, owner, settings, job.id, name="x", keywords=keywords, engines=engines
        )
        assert (changed.keywords, changed.engines) == (keywords, engines)

    async def test_a_job_without_a_list_cannot_crawl_one(
        self, database: Database, owner: Principal, settings: Settings, make_job: MakeJob
    ) -> None:
        job = await make_job()
        with pytest.raises(Invalid, match="engines"):
            await update(database, owner, settings, job.id, engines=["url_list", "wikimedia"])


class TestDelete:
    async def test_leaves_the_ledger_and_promises_to_remove_the_blobs(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job(start=True)
        async with database.transaction() as transaction:
            await jobs.stop_job(transaction, owner, job.id)
        await delete(database, owner, job.id)
        with pytest.raises(NotFound):
            await delete(database, owner, job.id)
        assert (await outbox_keys(database))[-1] == f"cleanup:job:{job.id}"
        assert await available(database, owner) == 100
        assert await rows(database, "SELECT id FROM credit_holds") == []

    async def test_a_running_job_must_be_stopped_first(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job(start=True)
        with pytest.raises(JobRunning):
            await delete(database, owner, job.id)


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


class TestQuery:
    @pytest.mark.parametrize("project_id", [-1, 0, 2**31, 10**30])
    def test_a_project_that_cannot_be_is_refused(self, project_id: int) -> None:
        with pytest.raises(ValidationError):
            JobQuery(project_id=project_id)
