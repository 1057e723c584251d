"""The turns at a source, which all instances take from one row."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import psycopg
import pytest

from shared.app.settings import Settings
from shared.platform.data.db import Database
from shared.sources import pace_repo
from shared.sources.pace import MOST_SECONDS, Pace, Turns
from shared.sources.registry import open_source
from shared.sources.source import SourceBusy


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    opened = Database(settings)
    yield opened
    await opened.close()


async def reserve(database: Database, *, interval: float = 10, burst: int = 1) -> float:
    return await pace_repo.reserve(
        database, "a source", interval=interval, burst=burst, most_seconds=25
    )


@pytest.mark.parametrize(
    ("requests", "seconds", "burst"), [(20, 60, 1), (200, 3_600, 50), (100, 60, 20)]
)
def test_no_window_holds_more_than_the_limit(requests: int, seconds: float, burst: int) -> None:
    pace = Pace(requests, seconds, burst)
    moments = [0.0] * burst + [pace.interval * n for n in range(1, 3 * requests)]
    for start in moments:
        inside = [moment for moment in moments if start <= moment < start + seconds]
        assert len(inside) <= requests


async def test_turns_follow_each_other_at_the_interval(database: Database) -> None:
    waits = sorted(await asyncio.gather(*(reserve(database) for _ in range(3))))
    assert waits == pytest.approx([0, 10, 20], abs=4)


async def test_a_turn_too_late_is_not_taken(database: Database) -> None:
    assert [await reserve(database) for _ in range(5)] == pytest.approx([0, 10, 20, 30, 30], abs=4)


async def test_of_many_at_once_nobody_gets_the_turn_of_another(database: Database) -> None:
    waits = await asyncio.gather(*(reserve(database) for _ in range(12)))
    assert sorted(wait for wait in waits if wait <= 25) == pytest.approx([0, 10, 20], abs=4)


async def test_a_burst_need_not_wait(database: Database) -> None:
    waits = [await reserve(database, burst=3) for _ in range(5)]
    assert waits == pytest.approx([0, 0, 0, 10, 20], abs=4)


async def test_a_rest_gives_the_burst_back_and_no_more(
    database: Database, database_url: str
) -> None:
    await reserve(database, burst=2)
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE source_pace SET next_at = now() - interval '1 hour'")
    waits = [await reserve(database, burst=2) for _ in range(3)]
    assert waits == pytest.approx([0, 0, 10], abs=4)


async def test_who_comes_too_late_is_told_when(database: Database) -> None:
    turns = Turns(database, "slow", Pace(2, MOST_SECONDS * 3))
    await turns.wait()
    with pytest.raises(SourceBusy) as busy:
        await turns.wait()
    assert busy.value.retry_after == pytest.approx(MOST_SECONDS * 3, abs=4)


async def test_other_sources_have_turns_of_their_own(database: Database) -> None:
    for source in ("one", "other"):
        await Turns(database, source, Pace(2, 1_000)).wait()


async def test_source_asks_in_its_turn(database: Database, settings: Settings) -> None:
    asked = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"results": [], "page_count": 0})

    async with httpx.AsyncClient(transport=httpx.MockTransport(handle)) as http:
        slowly = settings.model_copy(update={"crawl_source_pace": 1_000})
        await open_source("openverse", slowly, http, database).search("cat", None)
        with pytest.raises(SourceBusy):
            await open_source("openverse", slowly, http, database).search("cat", None)
        at_once = settings.model_copy(update={"crawl_source_pace": 0})
        await open_source("openverse", at_once, http, database).search("cat", None)
    assert len(asked) == 2
