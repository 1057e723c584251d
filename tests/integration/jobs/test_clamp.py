"""A start for as many images as the balance allows."""

import asyncio

import pytest

from shared.crawl import ledger_repo
from shared.credits import service as credit_service
from shared.credits.errors import InsufficientCredits, MonthlyLimitReached
from shared.credits.schemas import SettingsUpdate
from shared.credits.tiers import TIERS
from shared.jobs import finish, reports
from shared.jobs import service as jobs
from shared.jobs.errors import JobNotRetryable, JobTooLarge
from shared.jobs.schemas import JobOut
from shared.platform.data.db import Database
from shared.platform.http.auth.principal import Principal
from tests.integration.conftest import MakeJob, give_tier, rows
from tests.integration.crawl import chunks


async def start(
    database: Database, owner: Principal, job: JobOut, *, clamp: bool = True
) -> JobOut | None:
    """The job as it runs; None when it was refused for want of credits."""
    try:
        async with database.transaction() as transaction:
            return await jobs.start_job(transaction, owner, job.id, clamp_to_balance=clamp)
    except InsufficientCredits:
        return None


async def limit_month(database: Database, owner: Principal, credits: int) -> None:
    async with database.transaction() as transaction:
        update = SettingsUpdate(monthly_limit=credits)
        await credit_service.update_settings(transaction, owner, update)


async def holds(database: Database) -> list[int]:
    found = await rows(database, "SELECT amount FROM credit_holds ORDER BY job_id, attempt")
    return [row["amount"] for row in found]


class TestStart:
    async def test_holds_what_there_is_and_says_so(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await start(database, owner, await make_job(max_images=500))
        assert job is not None
        assert (job.status, job.max_images, job.clamped_to) == ("running", 500, 100)
        assert await holds(database) == [100]
        (said,) = await rows(database, "SELECT level, event, message, data FROM job_events")
        assert (said["level"], said["event"]) == ("warning", "job.clamped")
        assert "100 of 500 images" in said["message"]
        assert said["data"] == {"clamped_to": 100, "held": 100}
        async with database.transaction() as transaction:
            assert (await reports.get_progress(transaction, owner, job.id)).clamped_to == 100

    async def test_holds_all_where_there_is_enough(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await start(database, owner, await make_job(max_images=100))
        assert job is not None
        assert job.clamped_to is None
        assert await holds(database) == [100]
        assert await rows(database, "SELECT FROM job_events") == []

    async def test_without_it_is_refused_as_before(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        assert await start(database, owner, await make_job(max_images=101), clamp=False) is None
        assert await holds(database) == []

    async def test_works_as_the_job_is_made(self, database: Database, make_job: MakeJob) -> None:
        job = await make_job(max_images=500, start=True, clamp_to_balance=True)
        assert (job.status, job.clamped_to) == ("running", 100)
        assert (await make_job(max_images=500, clamp_to_balance=True)).status == "pending"

    async def test_nothing_left_is_refused_and_leaves_nothing(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        await give_tier(database, owner, "pro")
        await make_job(max_images=100, start=True)
        with pytest.raises(InsufficientCredits) as refused:
            await make_job(max_images=7, start=True, clamp_to_balance=True)
        assert refused.value.extra["shortfall"] == 7
        assert await holds(database) == [100]

    async def test_keeps_to_a_monthly_limit_that_binds(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        await give_tier(database, owner, "pro")
        await limit_month(database, owner, 30)
        job = await start(database, owner, await make_job(max_images=500))
        assert job is not None
        assert job.clamped_to == 30
        with pytest.raises(MonthlyLimitReached):
            await start(database, owner, await make_job(max_images=5))

    async def test_keeps_to_the_tier(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        async with database.transaction() as transaction:
            await credit_service.grant_credits(
                transaction, owner.user_id, amount=90_000, description="gift"
            )
        await give_tier(database, owner, "pro")
        job = await make_job(max_images=40_000)
        await give_tier(database, owner, "free")
        with pytest.raises(JobTooLarge):
            await start(database, owner, job, clamp=False)
        started = await start(database, owner, job)
        assert started is not None
        assert started.clamped_to == TIERS["free"].images_per_job

    async def test_many_at_once_never_hold_more_than_there_is(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        await give_tier(database, owner, "enterprise")
        made = [await make_job(max_images=30) for _ in range(8)]
        started = await asyncio.gather(*(start(database, owner, job) for job in made))
        running = [job for job in started if job is not None]
        assert sorted(await holds(database)) == [10, 30, 30, 30]
        assert sorted(job.clamped_to or job.max_images for job in running) == [10, 30, 30, 30]


class TestCrawl:
    async def test_ends_with_what_was_held_and_goes_on_when_there_is_more(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        await limit_month(database, owner, 4)
        job = await start(database, owner, await make_job(max_images=10))
        assert job is not None
        for chunk in await chunks.cut(database, job, urls=12):
            await chunks.settle(database, chunk, chunks.examine(chunk, list(range(12))))
        assert await chunks.advance_and_claim(database, job) == []
        async with database.transaction() as transaction:
            await ledger_repo.recount_job(transaction, job.id, at_most_every=0)
            assert (await reports.get_progress(transaction, owner, job.id)).progress == 100
            assert await finish.finish_job(transaction, job.id, 1) == "completed"
        ended = await rows(database, "SELECT valid_images, status FROM crawl_jobs")
        assert ended == [{"valid_images": 4, "status": "completed"}]
        (said,) = await rows(
            database, "SELECT message FROM job_events WHERE event = 'job.completed'"
        )
        assert said["message"] == "4 images for “cats”: the credits allowed no more."
        await limit_month(database, owner, 7)
        async with database.transaction() as transaction:
            again = await jobs.retry_job(transaction, owner, job.id, clamp_to_balance=True)
        assert (again.clamped_to, again.progress, again.max_images) == (7, 57, 10)
        assert await holds(database) == [4, 3]

    async def test_a_job_that_could_have_all_its_images_is_not_retried(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job(start=True, clamp_to_balance=True)
        async with database.transaction() as transaction:
            await finish.begin_job(transaction, job.id, 1)
            assert await finish.finish_job(transaction, job.id, 1) == "completed"
            with pytest.raises(JobNotRetryable):
                await jobs.retry_job(transaction, owner, job.id)

    async def test_a_retry_that_can_pay_for_all_is_clamped_no_more(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await start(database, owner, await make_job(max_images=500))
        assert job is not None
        async with database.transaction() as transaction:
            await jobs.stop_job(transaction, owner, job.id)
            await credit_service.grant_credits(
                transaction, owner.user_id, amount=900, description="gift"
            )
            again = await jobs.retry_job(transaction, owner, job.id)
        assert again.clamped_to is None
        assert await holds(database) == [100, 500]
