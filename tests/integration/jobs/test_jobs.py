"""The life of a job: start, stop, finish, retry; each twice and at once."""

import asyncio
import time

import pytest
from pydantic import ValidationError

from shared.credits import service as credit_service
from shared.credits.errors import InsufficientCredits
from shared.credits.tiers import TIERS, Tier
from shared.jobs import finish, remove, reports
from shared.jobs import service as jobs
from shared.jobs.errors import (
    JobNotEditable,
    JobNotRunning,
    JobNotStartable,
    JobRunning,
    JobTooLarge,
    TooManyRunningJobs,
)
from shared.jobs.schemas import JobOut, JobQuery, JobUpdate
from shared.platform.data.db import Database
from shared.platform.errors import Invalid, NotFound
from shared.platform.http.auth.principal import Principal
from shared.platform.http.pagination import PageQuery
from tests.integration.conftest import MakeJob, give_tier, make_user, rows

LIST: dict[str, object] = {
    "keywords": ["cat", "dog"],
    "engines": ["url_list"],
    "urls": [
        {"url": "https://images.example/1.jpg"},
        {"url": "https://images.example/2.jpg", "keyword": "dog"},
    ],
}


async def update(database: Database, owner: Principal, job_id: int, **changes: object) -> JobOut:
    async with database.transaction() as transaction:
        body = JobUpdate.model_validate(changes)
        return await jobs.update_job(transaction, owner, job_id, body)


async def delete(database: Database, owner: Principal, job_id: int) -> None:
    async with database.transaction() as transaction:
        await remove.delete_job(transaction, owner, job_id)


async def start(database: Database, owner: Principal, job_id: int, *, age: float = 0) -> str:
    came_in = time.monotonic() - age
    try:
        async with database.transaction() as transaction:
            job = await jobs.start_job(
                transaction, owner, job_id, request_age=time.monotonic() - came_in
            )
            return job.status
    except (JobNotStartable, TooManyRunningJobs) as error:
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
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job()
        results = await asyncio.gather(*(start(database, owner, job.id) for _ in range(50)))
        assert results == ["running"] * 50
        assert await available(database, owner) == 90
        assert await outbox_keys(database) == [f"start:job-{job.id}-1"]

    async def test_a_later_start_is_refused(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job()
        assert await start(database, owner, job.id) == "running"
        await rows(
            database,
            "UPDATE crawl_jobs SET started_at = started_at - interval '1 minute' RETURNING id",
        )
        assert await start(database, owner, job.id) == "job_not_startable"

    async def test_without_credits_nothing_is_started(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job(max_images=101)
        async with database.transaction() as transaction:
            with pytest.raises(InsufficientCredits):
                await jobs.start_job(transaction, owner, job.id)
        async with database.transaction() as transaction:
            assert (await jobs.get_job(transaction, owner, job.id)).status == "pending"
        assert await outbox_keys(database) == []

    async def test_anothers_job_does_not_exist(self, database: Database, make_job: MakeJob) -> None:
        job = await make_job()
        stranger = await make_user(database)
        for call in (
            lambda tx: jobs.start_job(tx, stranger, job.id),
            lambda tx: jobs.stop_job(tx, stranger, job.id),
            lambda tx: jobs.update_job(tx, stranger, job.id, JobUpdate(name="x")),
            lambda tx: remove.delete_job(tx, stranger, job.id),
            lambda tx: reports.list_chunks(tx, stranger, job.id, PageQuery()),
            lambda tx: jobs.get_job(tx, stranger, job.id),
            lambda tx: reports.get_progress(tx, stranger, job.id),
            lambda tx: reports.get_stats(tx, stranger, job.id),
        ):
            async with database.transaction() as transaction:
                with pytest.raises(NotFound):
                    await call(transaction)


TIERS_OF_ALL = pytest.mark.parametrize("tier", TIERS)


class TestTiers:
    @TIERS_OF_ALL
    async def test_so_many_jobs_run_whatever_is_started_at_once(
        self, database: Database, owner: Principal, make_job: MakeJob, tier: Tier
    ) -> None:
        await give_tier(database, owner, tier)
        limit = TIERS[tier].running_jobs
        made = await asyncio.gather(
            *(make_job(max_images=1, start=True) for _ in range(limit + 3)),
            return_exceptions=True,
        )
        refused = [job for job in made if isinstance(job, BaseException)]
        assert [type(error) for error in refused] == [TooManyRunningJobs] * 3

    async def test_of_two_starts_at_once_one_succeeds(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        pending = [await make_job() for _ in range(2)]
        results = await asyncio.gather(*(start(database, owner, job.id) for job in pending))
        assert sorted(results) == ["running", "too_many_running_jobs"]
        assert await available(database, owner) == 90

    async def test_a_retry_is_a_start(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        stopped, pending = await make_job(start=True), await make_job()
        async with database.transaction() as transaction:
            await jobs.stop_job(transaction, owner, stopped.id)
        assert await start(database, owner, pending.id) == "running"
        async with database.transaction() as transaction:
            with pytest.raises(TooManyRunningJobs):
                await jobs.retry_job(transaction, owner, stopped.id)

    async def test_what_runs_goes_on_under_a_lesser_tier(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        await give_tier(database, owner, "pro")
        running = [await make_job(start=True) for _ in range(2)]
        await give_tier(database, owner, "free")
        async with database.transaction() as transaction:
            seen = [await jobs.get_job(transaction, owner, job.id) for job in running]
        assert [job.status for job in seen] == ["running"] * 2
        with pytest.raises(TooManyRunningJobs):
            await make_job(start=True)

    @pytest.mark.parametrize(
        ("tier", "way_out"),
        [
            ("free", "wait until one ends, or buy the package pro or enterprise."),
            ("pro", "wait until one ends, or buy the package enterprise."),
            ("enterprise", "wait until one ends."),
        ],
    )
    async def test_too_many_says_the_limit_and_the_way_out(
        self, database: Database, owner: Principal, make_job: MakeJob, tier: Tier, way_out: str
    ) -> None:
        await give_tier(database, owner, tier)
        limit = TIERS[tier].running_jobs
        for _ in range(limit):
            await make_job(max_images=1, start=True)
        with pytest.raises(TooManyRunningJobs) as caught:
            await make_job(max_images=1, start=True)
        assert caught.value.detail.startswith(f"An account of the tier {tier} may have {limit} of")
        assert caught.value.detail.endswith(way_out)
        assert caught.value.extra == {"tier": tier, "limit": limit}
        assert "Retry-After" in caught.value.headers

    @TIERS_OF_ALL
    async def test_so_many_images_may_be_asked_for(
        self, database: Database, owner: Principal, make_job: MakeJob, tier: Tier
    ) -> None:
        await give_tier(database, owner, tier)
        limit = TIERS[tier].images_per_job
        job = await make_job(max_images=limit)
        with pytest.raises(Invalid) as made:
            await make_job(max_images=limit + 1)
        with pytest.raises(Invalid) as changed:
            await update(database, owner, job.id, max_images=limit + 1)
        for error in (made.value, changed.value):
            assert error.extra == {"tier": tier, "limit": limit}
            (field,) = error.errors
            assert field["loc"] == ["body", "max_images"]
            assert f"the tier {tier} may ask for up to {limit} images" in field["msg"]

    async def test_so_many_may_be_started_whatever_was_allowed_before(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        limit = TIERS["free"].images_per_job
        await give_tier(database, owner, "pro")
        async with database.transaction() as transaction:
            await credit_service.grant_credits(
                transaction, owner.user_id, amount=2 * limit, description="gift"
            )
        stopped, pending = (
            await make_job(max_images=limit + 1),
            await make_job(max_images=limit + 1),
        )
        assert await start(database, owner, stopped.id) == "running"
        async with database.transaction() as transaction:
            await jobs.stop_job(transaction, owner, stopped.id)
        await give_tier(database, owner, "free")
        for run, job in ((jobs.start_job, pending), (jobs.retry_job, stopped)):
            with pytest.raises(JobTooLarge, match=f"up to {limit} images") as caught:
                async with database.transaction() as transaction:
                    await run(transaction, owner, job.id)
            assert caught.value.extra == {"tier": "free", "limit": limit}
        await update(database, owner, pending.id, max_images=limit)
        assert await start(database, owner, pending.id) == "running"


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
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job()
        changes: dict[str, object] = {"keywords": ["dog", "owl"], "max_images": 20}
        changed = await update(
            database, owner, job.id, name="dogs", engines=["wikimedia"], **changes
        )
        assert (changed.name, changed.keywords, changed.max_images, changed.engines) == (
            "dogs",
            ["dog", "owl"],
            20,
            ["wikimedia"],
        )

    async def test_categories_fit_the_keywords_whichever_is_changed(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        mammals = {"mammal": ["dog", "cat"]}
        job = await make_job(keywords=["dog", "cat", "oak"], categories=mammals)
        assert job.categories == mammals
        for field, value in (
            ("keywords", ["dog", "oak"]),  # the cat is a mammal
            ("keywords", ["dog", "cat", "Mammal"]),
            ("categories", {"mammal": ["dog", "bat"]}),
            ("categories", {"OAK": ["dog"]}),
        ):
            with pytest.raises(Invalid) as refusal:
                await update(database, owner, job.id, **{field: value})
            assert refusal.value.errors[0]["loc"] == ["body", field]
        pets: dict[str, object] = {"keywords": ["dog", "owl"], "categories": {"pet": ["dog"]}}
        changed = await update(database, owner, job.id, **pets)
        assert (changed.keywords, changed.categories) == (["dog", "owl"], {"pet": ["dog"]})
        assert (await update(database, owner, job.id, categories={})).categories == {}

    async def test_of_a_started_job_only_the_name(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job(start=True)
        assert (await update(database, owner, job.id, name="dogs")).name == "dogs"
        with pytest.raises(JobNotEditable):
            await update(database, owner, job.id, name="owls", max_images=5)

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
        make_job: MakeJob,
        field: str,
        values: list[str],
    ) -> None:
        job = await make_job(**LIST)
        with pytest.raises(Invalid) as refused:
            await update(database, owner, job.id, **{field: values})
        assert [error["loc"] for error in refused.value.errors] == [["body", field]]
        async with database.transaction() as transaction:
            assert await jobs.get_job(transaction, owner, job.id) == job

    async def test_the_rest_of_a_job_with_a_list_may_be_changed(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job(**LIST)
        keywords, engines = ["owl", "dog", "cat"], ["wikimedia", "url_list"]
        changed = await update(
            database, owner, job.id, name="x", keywords=keywords, engines=engines
        )
        assert (changed.keywords, changed.engines) == (keywords, engines)

    async def test_a_job_without_a_list_cannot_crawl_one(
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job()
        with pytest.raises(Invalid, match="engines"):
            await update(database, owner, job.id, engines=["url_list", "wikimedia"])


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
        assert await rows(database, "SELECT job_id FROM credit_holds") == []

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
        self, database: Database, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job(start=True)
        async with database.transaction() as transaction:
            await jobs.stop_job(transaction, owner, job.id)
            await jobs.retry_job(transaction, owner, job.id)
        async with database.transaction() as transaction:
            assert await finish.finish_job(transaction, job.id, 1) == "running"
            assert (await jobs.get_job(transaction, owner, job.id)).attempt == 2


class TestQuery:
    @pytest.mark.parametrize("project_id", [-1, 0, 2**31, 10**30])
    def test_a_project_that_cannot_be_is_refused(self, project_id: int) -> None:
        with pytest.raises(ValidationError):
            JobQuery(project_id=project_id)
