"""A page of a search, and what becomes of a source that gives none."""

import httpx
import pytest

from shared.crawl import search_repo
from shared.crawl.discover import MOST_RESTS, discover
from shared.crawl.model import Search
from shared.crawl.steps import PageResult
from shared.jobs import finish
from shared.jobs.schemas import JobOut
from shared.platform.data.db import Database
from shared.sources.source import Source, SourceBusy
from tests.integration.conftest import MakeJob, rows
from tests.integration.crawl.chunks import state_of
from tests.unit.sources.fixtures import OPENVERSE
from tests.unit.sources.network import OPEN, Answer, Network


async def begin(database: Database, make_job: MakeJob) -> JobOut:
    """A running job with two searches at Openverse."""
    job = await make_job(start=True, engines=["openverse"], keywords=["cat", "dog"])
    async with database.transaction() as transaction:
        assert await finish.begin_job(transaction, job.id, 1)
    return job


async def searches(database: Database, job: JobOut) -> list[Search]:
    found = await rows(database, "SELECT id FROM crawl_searches ORDER BY id")
    async with database.transaction() as transaction:
        read = [await search_repo.find_search(transaction, row["id"]) for row in found]
    return [search for search in read if search is not None]


async def ask(database: Database, job: JobOut, answer: Answer, number: int = 0) -> None:
    """Fetches a page of the job's search of that number, from an Openverse that answers so."""
    network = Network(answer)
    search = (await searches(database, job))[number]
    await discover(database, lambda engine: OPEN[engine](network.api), search.id)


async def wait_out(database: Database, *, seconds: int = 60) -> None:
    """As if so many seconds had passed, by default those of the shortest rest."""
    async with database.transaction() as transaction:
        await transaction.connection.execute(
            "UPDATE crawl_searches SET ready_at = ready_at - %(seconds)s * interval '1 second'",
            {"seconds": seconds},
        )


async def busy(database: Database, job: JobOut) -> list[int]:
    """How many searches of each keyword are put off."""
    async with database.transaction() as transaction:
        return [k.busy_searches for k in (await state_of(transaction, job)).keywords]


async def left_out(database: Database) -> list[str]:
    found = await rows(database, "SELECT message FROM job_events WHERE event = 'source.degraded'")
    return [row["message"] for row in found]


def throttled(seconds: str | None = "43") -> httpx.Response:
    return httpx.Response(429, headers={"retry-after": seconds} if seconds else {})


class TestDiscover:
    @pytest.mark.parametrize(
        ("answer", "least"),
        [
            (throttled(), 60),
            (throttled("600"), 600),
            (throttled(None), 60),
            (httpx.Response(503, headers={"retry-after": "120"}), 120),
            (httpx.Response(200, json={"error": {"code": "maxlag"}}), 60),
        ],
    )
    async def test_a_source_that_says_it_is_busy_rests_as_long_as_it_says(
        self, database: Database, make_job: MakeJob, answer: httpx.Response, least: int
    ) -> None:
        job = await begin(database, make_job)
        await ask(database, job, answer)
        assert await busy(database, job) == [1, 1]
        await wait_out(database, seconds=least // 2)
        assert await busy(database, job) == [1, 1]
        await wait_out(database, seconds=least - least // 2)
        assert await busy(database, job) == [0, 0]
        assert await left_out(database) == []

    @pytest.mark.parametrize("answer", [throttled("601"), httpx.Response(503)])
    async def test_a_source_that_is_busy_for_long_or_down_is_left_out(
        self, database: Database, make_job: MakeJob, answer: httpx.Response
    ) -> None:
        job = await begin(database, make_job)
        await ask(database, job, answer)
        assert await busy(database, job) == [0, 0]
        assert await left_out(database) == [f"openverse is left out: status {answer.status_code}"]

    async def test_a_refused_search_leaves_the_source_to_others(
        self, database: Database, make_job: MakeJob
    ) -> None:
        job = await begin(database, make_job)
        await ask(database, job, httpx.Response(400))
        assert await left_out(database) == ["openverse for 'cat' is left out: status 400"]
        assert [search.exhausted for search in await searches(database, job)] == [True, False]

    async def test_a_fault_of_ours_leaves_its_source_out_and_ends_no_job(
        self, database: Database, make_job: MakeJob
    ) -> None:
        def fail(_: str) -> Source:
            raise ArithmeticError("our own fault")

        job = await begin(database, make_job)
        found = await discover(database, fail, (await searches(database, job))[0].id)
        assert found == PageResult(found=0)
        assert await left_out(database) == [
            "openverse is left out: internal error: ArithmeticError"
        ]

    async def test_a_source_that_only_ever_says_it_is_busy_is_left_out_in_the_end(
        self, database: Database, make_job: MakeJob
    ) -> None:
        job = await begin(database, make_job)
        for number in range(MOST_RESTS):
            await ask(database, job, throttled(), number % 2)
            await wait_out(database)
        assert await left_out(database) == []
        await ask(database, job, throttled())
        assert await left_out(database) == ["openverse is left out: status 429"]
        assert [search.exhausted for search in await searches(database, job)] == [True, True]

    async def test_what_was_under_way_when_the_rest_began_makes_no_second_one(
        self, database: Database, make_job: MakeJob
    ) -> None:
        job = await begin(database, make_job)
        for number in range(MOST_RESTS + 1):
            await ask(database, job, throttled(), number % 2)
        assert await busy(database, job) == [1, 1]

    async def test_a_page_lets_the_source_rest_as_often_again(
        self, database: Database, make_job: MakeJob
    ) -> None:
        job = await begin(database, make_job)
        for _ in range(2):
            for _ in range(MOST_RESTS):
                await ask(database, job, throttled())
                await wait_out(database)
            await ask(database, job, httpx.Response(200, json=OPENVERSE), 1)
        assert await left_out(database) == []

    async def test_our_own_pace_puts_off_one_search_as_often_as_need_be(
        self, database: Database, make_job: MakeJob
    ) -> None:
        job = await begin(database, make_job)

        def full(engine: str) -> Source:
            raise SourceBusy("its rate limit is used up for now", retry_after=30)

        for _ in range(MOST_RESTS + 1):
            await wait_out(database)
            await discover(database, full, (await searches(database, job))[0].id)
        assert await busy(database, job) == [1, 0]
