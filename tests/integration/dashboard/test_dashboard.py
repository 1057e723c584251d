"""The figures at a glance."""

from shared.dashboard import service as dashboard
from shared.dashboard.schemas import DashboardOut
from shared.platform.db import Database
from shared.platform.principal import Principal
from tests.integration.conftest import MakeJob, make_user


async def stats(database: Database, user: Principal) -> DashboardOut:
    async with database.reading(user.claims) as transaction:
        return await dashboard.get_stats(transaction, user)


async def test_counts_what_is_the_callers(
    database: Database, owner: Principal, make_job: MakeJob
) -> None:
    await make_job()
    job = await make_job(start=True)
    async with database.transaction() as transaction:
        await transaction.connection.execute(
            """
            INSERT INTO images
              (crawl_job_id, original_url, filename, file_size, hash, is_duplicate)
            SELECT %(job_id)s, 'https://images.example', 'x.jpeg', 100, n::text, n = 3
            FROM generate_series(1, 3) AS n
            """,
            {"job_id": job.id},
        )
    assert await stats(database, owner) == DashboardOut(
        projects=2,
        jobs=2,
        active_jobs=1,
        images=2,
        storage_bytes=300,
        credits=100,
        credits_reserved=10,
        unread_notifications=0,
    )


async def test_a_new_user_has_nothing_but_the_bonus(database: Database, owner: Principal) -> None:
    found = await stats(database, await make_user(database))
    assert (found.projects, found.images, found.storage_bytes, found.credits) == (0, 0, 0, 100)
