"""Searching, fetching and judging against the local image web, whose truth is known."""

import asyncio
from collections.abc import AsyncIterator
from itertools import combinations
from urllib.parse import urlsplit

import httpx
import pytest

from scripts.devhost.imageweb import catalogue as imageweb
from scripts.devhost.stack import LocalStack
from shared.fetch.safe_http import FetchLimits, FetchRefused, SafeHttp
from shared.imaging.dhash import distance
from shared.imaging.judge import Judged, judge
from shared.sources.api import Api
from shared.sources.openverse import Openverse
from shared.sources.source import Candidate, Source
from shared.sources.wikimedia import Wikimedia

KEPT = {"stored", "exact_duplicate", "near_duplicate"}
LIMITS = FetchLimits(total_seconds=5, idle_seconds=3, retry_seconds=0.05, per_host=16)


@pytest.fixture(scope="module")
def catalogue() -> imageweb.Catalogue:
    return imageweb.load()


@pytest.fixture
def web(stack_services: LocalStack) -> str:
    return stack_services.info.image_web_url


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with httpx.AsyncClient() as http:
        yield Api(http, user_agent="Test/1", first_wait=0.05)


@pytest.fixture
async def http(web: str) -> AsyncIterator[SafeHttp]:
    client = SafeHttp(LIMITS, user_agent="Test/1", allowed_hosts=frozenset([urlsplit(web).netloc]))
    yield client
    await client.aclose()


def source_of(name: str, web: str, api: Api) -> Source:
    if name == "openverse":
        return Openverse(f"{web}/openverse/v1", api)
    return Wikimedia(f"{web}/w/api.php", api)


async def everything(source: Source, query: str) -> list[Candidate]:
    found: list[Candidate] = []
    cursor: str | None = None
    while True:
        page = await source.search(query, cursor)
        found += page.candidates
        cursor = page.next_cursor
        if cursor is None:
            return found


@pytest.mark.parametrize("name", imageweb.SOURCES)
class TestSearch:
    async def test_finds_each_candidate_once_in_order(
        self, name: str, web: str, api: Api, catalogue: imageweb.Catalogue
    ) -> None:
        for keyword in catalogue.keywords[:5]:
            found = await everything(source_of(name, web, api), keyword)
            expected = catalogue.search(keyword, name)
            assert [c.url for c in found] == [web + c.path for c in expected]
            assert [c.title for c in found] == [c.title for c in expected]
            assert [c.creator for c in found] == [c.creator for c in expected]
            assert all(c.license and c.license_url and c.attribution for c in found)
            assert all(c.source_page_url for c in found)

    async def test_unknown_keyword_finds_nothing(self, name: str, web: str, api: Api) -> None:
        assert await everything(source_of(name, web, api), "xyzzy plugh") == []


async def examine(http: SafeHttp, url: str) -> Judged | str:
    """The image behind the URL, or the outcome that rejects it."""
    try:
        judged = judge((await http.fetch(url)).body)
    except FetchRefused as refused:
        return refused.outcome
    return judged if isinstance(judged, Judged) else judged.outcome


async def test_every_candidate_ends_as_the_truth_says(
    http: SafeHttp, web: str, catalogue: imageweb.Catalogue
) -> None:
    chosen = [c for keyword in catalogue.keywords[:6] for c in catalogue.by_keyword[keyword]]
    results = await asyncio.gather(*(examine(http, web + c.path) for c in chosen))
    found = {
        c.id: "kept" if isinstance(result, Judged) else result
        for c, result in zip(chosen, results, strict=True)
    }
    assert found == {c.id: "kept" if c.outcome in KEPT else c.outcome for c in chosen}
    assert len(set(found.values())) > 8

    good = [
        (c.cluster, result.phash)
        for c, result in zip(chosen, results, strict=True)
        if isinstance(result, Judged)
    ]
    for (cluster, phash), (other_cluster, other_phash) in combinations(good, 2):
        assert (distance(phash, other_phash) <= 4) == (cluster == other_cluster)
