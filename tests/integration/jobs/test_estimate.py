"""What a job would come to, on a real database, of sources that answer and others that do not."""

import asyncio
import time
from typing import Any

import httpx
import pytest

from shared.app.settings import Settings
from shared.credits import service as credit_service
from shared.credits.schemas import SettingsUpdate
from shared.jobs import estimate
from shared.jobs.estimate_schemas import EstimateOut, EstimateRequest
from shared.platform.data.db import Database
from shared.platform.errors import NotFound
from shared.platform.http.auth.principal import Principal
from tests.integration.conftest import MakeJob, make_user, rows
from tests.unit.sources.fixtures import COMMONS, OPENVERSE
from tests.unit.sources.network import Network

OPENVERSE_HOST, COMMONS_HOST = "api.openverse.org", "commons.wikimedia.org"


class Web:
    """Openverse and Wikimedia Commons; ``broken`` hosts answer as they are told to."""

    def __init__(self, **broken: httpx.Response) -> None:
        self.broken = broken
        self.hosts: list[str] = []
        self.http = httpx.AsyncClient(transport=httpx.MockTransport(self._handle))

    def _handle(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        self.hosts.append(host)
        good = OPENVERSE if host == OPENVERSE_HOST else COMMONS
        return self.broken.get(host.split(".")[1], httpx.Response(200, json=good))


@pytest.fixture
def at_once(settings: Settings) -> Settings:
    """Settings by which nobody waits for a turn."""
    return settings.model_copy(update={"crawl_source_pace": 0.0})


async def ask(
    database: Database, settings: Settings, http: httpx.AsyncClient, who: Principal,
    seconds: float = 30, **fields: Any,
) -> EstimateOut:  # fmt: skip
    body = EstimateRequest.model_validate({"keywords": ["cat"], "max_images": 50} | fields)
    return await estimate.estimate_job(database, settings, http, who, body, seconds=seconds)


class TestFigures:
    async def test_come_from_two_requests_a_source_whatever_the_keywords(
        self, database: Database, at_once: Settings, owner: Principal
    ) -> None:
        web = Web()
        keywords = [f"word {number}" for number in range(50)]
        out = await ask(database, at_once, web.http, owner, keywords=keywords)
        assert sorted(web.hosts) == [OPENVERSE_HOST] * 2 + [COMMONS_HOST] * 2
        assert [report.asked for report in out.sources] == [
            ["word 0", "word 12"], ["word 25", "word 37"],
        ]  # fmt: skip
        assert len(out.searches) == 100
        assert [s.keyword for s in out.searches if s.basis == "measured"] == [
            "word 0", "word 12", "word 25", "word 37",
        ]  # fmt: skip
        assert {s.candidates for s in out.searches if s.engine == "openverse"} == {240}
        assert {s.candidates for s in out.searches if s.engine == "wikimedia"} == {4321}
        assert out.candidates == 50 * (240 + 4321)
        assert out.expected_images == out.credits.cost == 50

    async def test_without_jobs_of_ones_own_are_the_usual_ones(
        self, database: Database, at_once: Settings, owner: Principal
    ) -> None:
        out = await ask(
            database, at_once, Web().http, owner, engines=["openverse"], max_images=1000
        )
        assert out.survival.model_dump() == {"share": 0.7, "basis": "default", "jobs": 0}
        assert (out.candidates, out.expected_images) == (240, 168)
        assert out.time.basis == "benchmark"

    async def test_follow_ones_own_jobs(
        self, database: Database, at_once: Settings, owner: Principal, make_job: MakeJob
    ) -> None:
        await make_job(filters={"license": ["commercial"]})
        await make_job()
        await make_job(of=await make_user(database))
        await rows(
            database,
            """
            UPDATE crawl_jobs SET status = 'completed', attempt = 1, valid_images = 50,
              duplicate_images = 20, rejected_images = 30,
              started_at = now() - interval '100 seconds', completed_at = now() RETURNING id
            """,
        )
        out = await ask(
            database, at_once, Web().http, owner, engines=["openverse"], max_images=1000
        )
        assert out.survival.model_dump() == {"share": 0.5, "basis": "your_jobs", "jobs": 1}
        assert out.expected_images == 120
        assert out.time.model_dump(exclude={"note"}) == {
            "seconds": 240, "images_per_second": 0.5, "basis": "your_jobs",
        }  # fmt: skip

    async def test_tell_what_the_caller_has_stored_and_nobody_else(
        self, database: Database, at_once: Settings, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job()
        url = OPENVERSE["results"][0]["url"]
        await rows(
            database,
            """
            INSERT INTO images (crawl_job_id, original_url, filename)
            VALUES (%(job)s, %(url)s, 'a') RETURNING id
            """,
            job=job.id,
            url=url,
        )
        mine = await ask(database, at_once, Web().http, owner, engines=["openverse"])
        stranger = await make_user(database)
        theirs = await ask(database, at_once, Web().http, stranger, engines=["openverse"])
        assert (mine.stored, theirs.stored) == (120, 0)  # one of the two that the page shows

    async def test_count_what_the_job_lists_itself(
        self, database: Database, at_once: Settings, owner: Principal
    ) -> None:
        web = Web()
        urls = [
            {"url": "https://images.example/1.jpg", "license": "CC BY 4.0"},
            {"url": "https://images.example/2.jpg"},
            {"url": "https://images.example/3.jpg", "keyword": "dog"},
        ]
        out = await ask(
            database, at_once, web.http, owner,
            keywords=["cat", "dog"], engines=["url_list"], urls=urls,
        )  # fmt: skip
        assert (web.hosts, out.sources) == ([], [])
        assert [(s.keyword, s.candidates, s.basis) for s in out.searches] == [
            ("cat", 2, "measured"), ("dog", 1, "measured"),
        ]  # fmt: skip

    async def test_filter_of_licences_counts(
        self, database: Database, at_once: Settings, owner: Principal
    ) -> None:
        out = await ask(
            database, at_once, Web(commons=httpx.Response(500)).http, owner,
            engines=["google", "openverse"], filters={"license": ["commercial"]},
        )  # fmt: skip
        assert {part.license for part in out.searches[0].licenses} == {"by-sa", "cc0"}
        assert out.candidates == 240


class TestTrouble:
    @pytest.mark.parametrize(
        ("answer", "status", "problem"),
        [
            (httpx.Response(500), "unavailable", "status 500"),
            (httpx.Response(429), "busy", "status 429"),
            (httpx.Response(200, text="<html>"), "unavailable", "an answer that is not JSON"),
        ],
    )
    async def test_of_a_source_is_reported_and_the_others_count(
        self, database: Database, at_once: Settings, owner: Principal,
        answer: httpx.Response, status: str, problem: str,
    ) -> None:  # fmt: skip
        web = Web(openverse=answer)
        engines = ["openverse", "wikimedia", "pexels"]
        out = await ask(database, at_once, web.http, owner, engines=engines)
        assert web.hosts.count(OPENVERSE_HOST) == 1  # no second try, nor another keyword
        assert [(r.status, r.problem) for r in out.sources] == [
            (status, problem), ("answered", None), ("not_configured", "PEXELS_API_KEY is not set"),
        ]  # fmt: skip
        assert {s.engine for s in out.searches} == {"wikimedia"}

    async def test_of_all_sources_leaves_nothing_to_say(
        self, database: Database, at_once: Settings, owner: Principal
    ) -> None:
        out = await ask(database, at_once, Web().http, owner, engines=["pexels"])
        assert out.searches == []
        assert (out.candidates, out.stored, out.expected_images) == (None, None, None)
        assert (out.credits.cost, out.time.seconds, out.credits.hold) == (None, None, 50)

    async def test_the_pace_of_a_source_is_kept_and_nobody_waits_long_for_it(
        self, database: Database, settings: Settings, owner: Principal
    ) -> None:
        slow = settings.model_copy(update={"crawl_source_pace": 1000.0})
        web, began = Web(), time.monotonic()
        out = await ask(
            database, slow, web.http, owner, keywords=["cat", "dog"], engines=["openverse"]
        )
        again = await ask(database, slow, web.http, owner, engines=["openverse"])
        assert time.monotonic() - began < 60  # one more turn alone would be fifty minutes away
        assert web.hosts == [OPENVERSE_HOST]
        (first,), (second,) = out.sources, again.sources
        assert (first.status, first.asked) == ("answered", ["cat"])
        assert "rate limit" in (first.problem or "")
        assert (second.status, second.asked) == ("busy", [])

    async def test_a_network_error_is_not_tried_again(
        self, database: Database, at_once: Settings, owner: Principal
    ) -> None:
        network = Network(httpx.ReadTimeout("silent"))
        out = await ask(database, at_once, network.http, owner, engines=["openverse"])
        assert out.sources[0].problem == "ReadTimeout"
        assert len(network.requests) == 1

    async def test_a_source_that_hangs_is_not_waited_for(
        self, database: Database, at_once: Settings, owner: Principal
    ) -> None:
        async def answer(request: httpx.Request) -> httpx.Response:
            if request.url.host == COMMONS_HOST:
                return httpx.Response(200, json=COMMONS)
            await asyncio.Event().wait()
            raise AssertionError

        http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
        out = await ask(database, at_once, http, owner, seconds=3)
        assert [(r.status, r.problem) for r in out.sources] == [
            ("unavailable", "no answer within 3 s"), ("answered", None),
        ]  # fmt: skip


class TestCredits:
    async def test_say_what_is_held_and_whether_it_is_there(
        self, database: Database, at_once: Settings, owner: Principal
    ) -> None:
        out = await ask(database, at_once, Web().http, owner, max_images=130)
        assert out.credits.model_dump() == {
            "hold": 130, "cost": 130, "balance": 100, "available": 100, "affordable": 100,
            "suffices": False, "shortfall": 30, "max_images_per_job": 1500,
        }  # fmt: skip

    async def test_count_a_monthly_limit_that_binds(
        self, database: Database, at_once: Settings, owner: Principal, make_job: MakeJob
    ) -> None:
        await make_job(max_images=20, start=True)
        async with database.transaction() as transaction:
            update = SettingsUpdate(monthly_limit=30)
            await credit_service.update_settings(transaction, owner, update)
        out = await ask(database, at_once, Web().http, owner, max_images=11)
        assert (out.credits.available, out.credits.affordable) == (80, 10)
        assert (out.credits.suffices, out.credits.shortfall) == (False, 1)


class TestNothingIsDone:
    async def test_writes_and_spends_nothing(
        self, database: Database, at_once: Settings, owner: Principal
    ) -> None:
        await ask(database, at_once, Web().http, owner)
        assert await rows(
            database,
            """
            SELECT (SELECT count(*) FROM crawl_jobs) AS jobs,
              (SELECT count(*) FROM crawl_searches) AS searches,
              (SELECT count(*) FROM crawl_candidates) AS candidates,
              (SELECT count(*) FROM credit_holds) AS holds,
              (SELECT count(*) FROM activity_logs) AS activity,
              (SELECT sum(reserved_balance)::int FROM credit_accounts) AS reserved
            """,
        ) == [{"jobs": 0, "searches": 0, "candidates": 0, "holds": 0, "activity": 0, "reserved": 0}]

    async def test_a_project_has_to_be_ones_own(
        self, database: Database, at_once: Settings, owner: Principal, make_job: MakeJob
    ) -> None:
        job, web = await make_job(), Web()
        assert (await ask(database, at_once, web.http, owner, project_id=job.project_id)).searches
        stranger = await make_user(database)
        asked = len(web.hosts)
        with pytest.raises(NotFound, match="no such project"):
            await ask(database, at_once, web.http, stranger, project_id=job.project_id)
        assert len(web.hosts) == asked
