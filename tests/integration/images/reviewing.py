"""A job of several keywords whose images are known by number."""

from collections.abc import Mapping, Sequence

from shared.crawl import search_repo
from shared.crawl.model import Examined, ImageFacts
from shared.jobs import finish
from shared.jobs.schemas import JobOut
from shared.platform.data.db import Database
from shared.sources.source import Candidate
from tests.integration.conftest import rows
from tests.integration.crawl.chunks import advance_and_claim, picture, settle, state_of

Found = int | ImageFacts


async def crawl(database: Database, job: JobOut, found: Mapping[str, Sequence[Found]]) -> None:
    """Settles, keyword by keyword, the pictures that are found for each; the job runs on."""
    async with database.transaction() as transaction:
        assert await finish.begin_job(transaction, job.id, 1)
    for keyword, pictures in found.items():
        await _list(database, job, keyword, len(pictures))
        for chunk in await advance_and_claim(database, job):
            await settle(
                database,
                chunk,
                [
                    Examined(candidate.id, image=_facts(pictures[candidate.rank], job.id))
                    for candidate in chunk.candidates
                ],
            )


async def finish_job(database: Database, job: JobOut) -> None:
    """The job has ended."""
    async with database.transaction() as transaction:
        await finish.finish_job(transaction, job.id, 1)


async def ids(database: Database, job: JobOut) -> list[int]:
    """The job's images, oldest first."""
    query = "SELECT id FROM images WHERE crawl_job_id = %(id)s ORDER BY id"
    return [row["id"] for row in await rows(database, query, id=job.id)]


async def _list(database: Database, job: JobOut, keyword: str, count: int) -> None:
    found = [
        Candidate(url=f"https://images.example/{keyword}/{n}.jpg", title=f"{keyword} {n}")
        for n in range(count)
    ]
    async with database.transaction() as transaction:
        (state,) = [k for k in (await state_of(transaction, job)).keywords if k.keyword == keyword]
        search = await search_repo.find_search(transaction, state.open_searches[0])
        assert search is not None
        await search_repo.advance_search(transaction, search, next_cursor=None, found=count)
        await search_repo.insert_candidates(transaction, search, found)


def _facts(found: Found, job_id: int) -> ImageFacts:
    return picture(found, job_id) if isinstance(found, int) else found
