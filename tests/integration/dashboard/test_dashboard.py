"""The figures at a glance."""

import pytest

from shared.dashboard import service as dashboard
from shared.dashboard.schemas import DashboardOut
from shared.platform.data.db import Database
from shared.platform.http.auth.principal import Principal
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
              (crawl_job_id, original_url, filename, file_size, hash, is_duplicate, created_at)
            SELECT %(job_id)s, 'https://images.example', 'x.jpeg', 100, n::text, n = 3,
              now() - n * interval '25 seconds'
            FROM generate_series(1, 3) AS n
            """,
            {"job_id": job.id},
        )
        await transaction.connection.execute(
            "UPDATE crawl_jobs SET valid_images = 2 WHERE id = %(job_id)s", {"job_id": job.id}
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
        total_projects=2,
        total_datasets=1,
        total_images=2,
        credits_remaining=100,
        storage_used="0 GB",
        processing_speed="2/min",
    )


@pytest.mark.parametrize(
    ("stored", "said"), [(12_500_000_000, "12.5 GB"), (10_000_000_000, "10 GB"), (4e6, "0 GB")]
)
async def test_storage_is_said_in_gigabytes(
    database: Database, owner: Principal, make_job: MakeJob, stored: float, said: str
) -> None:
    job = await make_job()
    async with database.transaction() as transaction:
        await transaction.connection.execute(
            """
            INSERT INTO images (crawl_job_id, original_url, filename, file_size, hash)
            SELECT %(job_id)s, 'https://images.example', 'x.jpeg', %(stored)s / 10, n::text
            FROM generate_series(1, 10) AS n
            """,
            {"job_id": job.id, "stored": stored},
        )
    assert (await stats(database, owner)).storage_used == said


async def test_a_new_user_has_nothing_but_the_bonus(database: Database, owner: Principal) -> None:
    found = await stats(database, await make_user(database))
    assert (found.projects, found.images, found.storage_bytes, found.credits) == (0, 0, 0, 100)
