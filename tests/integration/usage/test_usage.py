"""Metering gives the same figures however often it runs."""

from typing import Any

from shared.platform.db import Database
from shared.usage import service as usage
from tests.integration.conftest import MakeJob


async def metrics(database: Database) -> list[dict[str, Any]]:
    async with database.transaction() as transaction:
        await usage.roll_up(transaction)
        cursor = await transaction.connection.execute(
            "SELECT user_id, metric_date, images_processed, storage_used_gb FROM usage_metrics"
        )
        return await cursor.fetchall()


class TestRollUp:
    async def test_counts_what_is_stored_and_repeats_itself(
        self, database: Database, make_job: MakeJob
    ) -> None:
        job = await make_job()
        async with database.transaction() as transaction:
            await transaction.connection.execute(
                """
                INSERT INTO images (crawl_job_id, original_url, filename, file_size, hash)
                SELECT %(job_id)s, 'https://images.example', 'x.jpeg', 10000000, n::text
                FROM generate_series(1, 7) AS n
                """,
                {"job_id": job.id},
            )
        first = await metrics(database)
        assert [(row["images_processed"], float(row["storage_used_gb"])) for row in first] == [
            (7, 0.07)
        ]
        assert await metrics(database) == first

    async def test_users_without_images_have_no_row(self, database: Database) -> None:
        assert await metrics(database) == []
