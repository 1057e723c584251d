"""What an image's licence was taken from, from the answer of a search to the image."""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString

import pytest

from shared.crawl.discover import discover
from shared.crawl.model import Chunk, Examined
from shared.images import service as images
from shared.images.schemas import ImageOut, ImageQuery
from shared.jobs import finish
from shared.jobs.schemas import JobOut
from shared.platform.data.db import Database
from shared.platform.http.auth.principal import Principal
from shared.sources.source import Page, Source
from tests.integration.conftest import MakeJob, rows
from tests.integration.crawl.chunks import advance_and_claim, picture, settle
from tests.unit.sources.fixtures import OPENVERSE, commons_file
from tests.unit.sources.network import OPEN, Network, answering

BOTH = ["openverse", "wikimedia"]
LAST: dict[str, dict[str, Any]] = {  # pages after which nothing comes
    "openverse": OPENVERSE | {"page_count": 1},
    "wikimedia": {"query": {"pages": [commons_file(1)]}},
}
STATED = {"openverse": "by-sa 2.0", "wikimedia": "CC BY-SA 4.0"}  # of the first that each lists
DONE: LiteralString = (
    "UPDATE crawl_searches SET exhausted = %(done)s WHERE engine = %(engine)s RETURNING id"
)


async def begin(database: Database, make_job: MakeJob, **fields: object) -> JobOut:
    """A job whose searches are under way."""
    job = await make_job(start=True, **fields)
    async with database.transaction() as transaction:
        assert await finish.begin_job(transaction, job.id, 1)
    return job


async def search(database: Database, engine: str, answer: dict[str, Any]) -> Network:
    """The source's end, after the first page of the job's one search there was fetched."""
    network = answering(answer)
    await look(database, engine, OPEN[engine](network.api))
    return network


async def look(database: Database, engine: str, source: Source) -> None:
    query = "SELECT id FROM crawl_searches WHERE engine = %(engine)s"
    (found,) = await rows(database, query, engine=engine)
    await discover(database, lambda _: source, found["id"])


class Together:
    """A source whose page comes to two deliveries at once."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._both = asyncio.Barrier(2)

    async def search(self, query: str, cursor: str | None) -> Page:
        page = await self._source.search(query, cursor)
        await self._both.wait()
        return page


def only_first(chunk: Chunk) -> list[Examined]:
    """The chunk's first candidate is a picture, always the same one, and the others are gone."""
    return [
        Examined(candidate.id, None if candidate.rank == 0 else "http_404",
                 image=picture(1, chunk.job_id) if candidate.rank == 0 else None)
        for candidate in chunk.candidates
    ]  # fmt: skip


async def settle_all(database: Database, job: JobOut) -> None:
    for chunk in await advance_and_claim(database, job):
        await settle(database, chunk, only_first(chunk))


async def proofs(database: Database, owner: Principal, job: JobOut) -> list[ImageOut]:
    """The job's images as the API tells of them, alike in the list and alone."""
    async with database.transaction() as transaction:
        listed = (await images.list_images(transaction, owner, job.id, ImageQuery())).data
        assert [await images.get_image(transaction, owner, each.id) for each in listed] == listed
    return listed


def assert_proven(image: ImageOut, engine: str, network: Network) -> None:
    """The image's proof is the first answer of the source's end."""
    (request, *_), (response, *_) = network.requests, network.answers
    assert image.engine == engine
    assert image.license_proof
    assert not isinstance(response, Exception)
    assert image.license_proof.model_dump(exclude={"at"}) == {
        "stated": STATED[engine],
        "address": str(request.url),
        "sha256": hashlib.sha256(response.content).hexdigest(),
    }
    assert image.license_proof.at
    age = datetime.now(UTC) - image.license_proof.at
    assert timedelta(seconds=-1) < age < timedelta(hours=1)


@pytest.mark.parametrize("engine", BOTH)
async def test_image_has_the_answer_that_listed_it(
    database: Database, owner: Principal, make_job: MakeJob, engine: str
) -> None:
    job = await begin(database, make_job, engines=[engine])
    network = await search(database, engine, LAST[engine])
    await settle_all(database, job)
    (image,) = await proofs(database, owner, job)
    assert_proven(image, engine, network)


async def test_page_and_chunk_that_come_twice_change_nothing(
    database: Database, owner: Principal, make_job: MakeJob
) -> None:
    job = await begin(database, make_job, engines=["openverse"])
    network = answering(LAST["openverse"])
    source = Together(OPEN["openverse"](network.api))
    await asyncio.gather(*(look(database, "openverse", source) for _ in range(2)))
    assert len(network.requests) == 2
    assert len(await rows(database, "SELECT FROM crawl_answers")) == 1
    (chunk,) = await advance_and_claim(database, job)
    await settle(database, chunk, only_first(chunk))
    before = await proofs(database, owner, job)
    await settle(database, chunk, only_first(chunk))
    assert await proofs(database, owner, job) == before
    assert_proven(before[0], "openverse", network)


async def test_each_page_is_proven_by_its_own_answer(database: Database, make_job: MakeJob) -> None:
    await begin(database, make_job, engines=["openverse"])
    for number in range(2):
        result = OPENVERSE["results"][0] | {"url": f"https://a.example/{number}.jpg"}
        await search(database, "openverse", OPENVERSE | {"results": [result]})
    found = await rows(
        database,
        """
        SELECT url, address FROM crawl_candidates AS c JOIN crawl_answers AS a ON a.id = answer_id
        ORDER BY url
        """,
    )
    assert [(row["url"], "page=2" in row["address"]) for row in found] == [
        ("https://a.example/0.jpg", False), ("https://a.example/1.jpg", True),
    ]  # fmt: skip


async def test_picture_that_an_earlier_result_brings_too_is_proven_by_that(
    database: Database, owner: Principal, make_job: MakeJob
) -> None:
    job = await begin(database, make_job, engines=BOTH)
    # Openverse is slow: what it lists first comes when the other source's images are settled.
    await rows(database, DONE, engine="openverse", done=True)
    later = await search(database, "wikimedia", LAST["wikimedia"])
    await settle_all(database, job)
    (image,) = await proofs(database, owner, job)
    assert_proven(image, "wikimedia", later)
    await rows(database, DONE, engine="openverse", done=False)
    earlier = await search(database, "openverse", LAST["openverse"])
    await settle_all(database, job)
    (image,) = await proofs(database, owner, job)
    assert_proven(image, "openverse", earlier)


@pytest.mark.parametrize("order", [BOTH, BOTH[::-1]], ids="-".join)
async def test_url_that_two_searches_list_is_proven_by_the_earlier_one(
    database: Database, owner: Principal, make_job: MakeJob, order: list[str]
) -> None:
    same = commons_file(1, url=OPENVERSE["results"][0]["url"])
    answers = LAST | {"wikimedia": {"query": {"pages": [same]}}}
    job = await begin(database, make_job, engines=BOTH)
    networks = {engine: await search(database, engine, answers[engine]) for engine in order}
    await settle_all(database, job)
    (image,) = await proofs(database, owner, job)
    assert_proven(image, "openverse", networks["openverse"])


@pytest.mark.parametrize(
    ("licence", "proof"),
    [
        ("CC BY 4.0", {"stated": "CC BY 4.0", "address": None, "at": None, "sha256": None}),
        (None, None),
    ],
)
async def test_of_a_list_there_is_what_its_row_says(
    database: Database,
    owner: Principal,
    make_job: MakeJob,
    licence: str | None,
    proof: dict[str, str | None] | None,
) -> None:
    def no_other(engine: str) -> Source:
        raise AssertionError(engine)

    urls = [{"url": "https://a.example/1.jpg", "license": licence}]
    job = await begin(database, make_job, engines=["url_list"], urls=urls)
    (found,) = await rows(database, "SELECT id FROM crawl_searches")
    await discover(database, no_other, found["id"])
    await settle_all(database, job)
    (image,) = await proofs(database, owner, job)
    assert image.model_dump()["license_proof"] == proof
    assert await rows(database, "SELECT FROM crawl_answers") == []


async def test_answers_go_with_their_job(
    database: Database, owner: Principal, make_job: MakeJob
) -> None:
    job = await begin(database, make_job, engines=["openverse"])
    await search(database, "openverse", OPENVERSE)
    async with database.transaction() as transaction:
        await finish.finish_job(transaction, job.id, 1)
        await transaction.connection.execute("DELETE FROM crawl_jobs")
    assert await rows(database, "SELECT FROM crawl_answers") == []
