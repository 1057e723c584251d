"""Chunks at a time, where several users have jobs running."""

from dataclasses import replace

from shared.crawl.advance import advance
from shared.jobs import service as jobs
from shared.jobs.schemas import JobOut
from shared.platform.data.db import Database
from shared.platform.http.auth.principal import Principal
from tests.integration.conftest import MakeJob, give_tier, make_user
from tests.integration.crawl.chunks import LIMITS, begin

FEW = replace(LIMITS, chunk_size=1, all_chunks=12)


async def chunks_of(database: Database, job: JobOut) -> int:
    """How many chunks the job may have under way now."""
    async with database.transaction() as transaction:
        return len((await advance(transaction, job.id, 1, FEW)).chunks)


async def test_a_users_part_shrinks_and_grows_with_the_others_work(
    database: Database, owner: Principal, make_job: MakeJob
) -> None:
    await give_tier(database, owner, "pro")
    first = await make_job(max_images=40, start=True)
    await begin(database, first, urls=40)
    assert await chunks_of(database, first) == 12

    second = await make_job(max_images=40, start=True)
    await begin(database, second, urls=40)
    assert await chunks_of(database, second) == 6

    other = await make_user(database)
    others = await make_job(of=other, max_images=40, start=True)
    await begin(database, others, urls=40)
    assert await chunks_of(database, others) == 6
    # What runs already is not taken away, and nothing is added to it.
    assert await chunks_of(database, second) == 3

    async with database.transaction() as transaction:
        await jobs.stop_job(transaction, other, others.id)
        await jobs.stop_job(transaction, owner, second.id)
    assert await chunks_of(database, first) == 12
