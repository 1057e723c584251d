"""A running job, the chunks that are cut for it, and what is found in them."""

from hashlib import sha256

from shared.crawl import job_repo, ledger_repo, repo, search_repo
from shared.crawl.advance import advance
from shared.crawl.model import Chunk, Examined, ImageFacts, JobState
from shared.crawl.plan import CrawlLimits
from shared.crawl.settle import settle_chunk
from shared.crawl.steps import ChunkResult
from shared.jobs import finish
from shared.jobs.schemas import JobOut
from shared.platform.data.db import Database, Transaction
from shared.sources.source import Candidate

LIMITS = CrawlLimits(chunks=35, chunk_size=50, all_chunks=288)


async def begin(database: Database, job: JobOut, urls: int) -> None:
    """The crawl as it is when its one search has found so many URLs."""
    found = [Candidate(url=f"https://images.example/{n}.jpg", license="cc0") for n in range(urls)]
    async with database.transaction() as transaction:
        assert await finish.begin_job(transaction, job.id, 1)
        search_id, *_ = (await state_of(transaction, job)).keywords[0].open_searches
        search = await search_repo.find_search(transaction, search_id)
        assert search is not None
        assert await search_repo.advance_search(
            transaction, search, next_cursor=None, found=len(found)
        )
        await search_repo.insert_candidates(transaction, search, found)


async def cut(database: Database, job: JobOut, urls: int) -> list[Chunk]:
    """The job's chunks after its one search has found so many URLs."""
    await begin(database, job, urls)
    return await advance_and_claim(database, job)


async def advance_and_claim(database: Database, job: JobOut, *, attempt: int = 1) -> list[Chunk]:
    """The chunks to process next; none when the crawl is over."""
    async with database.transaction() as transaction:
        to_do = await advance(transaction, job.id, attempt, LIMITS)
    async with database.transaction() as transaction:
        claimed = [await repo.claim_chunk(transaction, chunk_id) for chunk_id in to_do.chunks]
    return [chunk for chunk in claimed if chunk is not None]


async def state_of(transaction: Transaction, job: JobOut) -> JobState:
    row = await job_repo.lock_job(transaction, job.id)
    assert row is not None
    return await ledger_repo.load_state(transaction, row)


def picture(number: int, job_id: int, *, side: int = 100) -> ImageFacts:
    digest = sha256(f"{number}".encode()).hexdigest()
    phash = int.from_bytes(sha256(f"phash {number}".encode()).digest()[:8], signed=True)
    name = f"jobs/{job_id}/images/{digest}.jpeg"
    return ImageFacts(digest, phash, "jpeg", side, side, 5000, name)


def examine(chunk: Chunk, numbers: list[int]) -> list[Examined]:
    return [
        Examined(candidate.id, image=picture(number, chunk.job_id))
        for candidate, number in zip(chunk.candidates, numbers, strict=False)
    ]


async def settle(database: Database, chunk: Chunk, examined: list[Examined]) -> ChunkResult:
    async with database.transaction() as transaction:
        return await settle_chunk(transaction, chunk, examined)
