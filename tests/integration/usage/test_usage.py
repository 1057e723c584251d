"""Metering gives the same figures however often it runs."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from shared.platform.db import Database
from shared.platform.principal import Principal
from shared.usage import service as usage
from shared.usage.schemas import UsageQuery
from tests.integration.conftest import MakeJob, make_user


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


class TestUsage:
    async def test_days_and_totals_of_the_caller_alone(
        self, database: Database, owner: Principal
    ) -> None:
        stranger = await make_user(database)
        async with database.transaction() as transaction:
            for user in (owner, stranger):
                await transaction.connection.execute(
                    """
                    INSERT INTO usage_metrics
                      (user_id, metric_date, images_processed, storage_used_gb)
                    SELECT %(user)s, '2026-03-01'::date + n, 10 * n, n
                    FROM generate_series(1, 9) AS n
                    """,
                    {"user": user.user_id},
                )
        query = UsageQuery.model_validate({"from": "2026-03-03", "to": "2026-03-05"})
        async with database.reading(owner.claims) as transaction:
            found = await usage.get_usage(transaction, owner, query)
        assert [day.metric_date.day for day in found.data] == [5, 4, 3]
        assert (found.totals["images"].used, found.totals["images"].limit) == (90, 10_000)
        assert found.totals["storage_gb"].used == 4

    @pytest.mark.parametrize(
        ("first", "last"), [("2026-02-01", "2026-01-01"), ("2024-01-01", "2026-01-01")]
    )
    def test_a_span_out_of_order_or_too_long_is_refused(self, first: str, last: str) -> None:
        with pytest.raises(ValidationError):
            UsageQuery.model_validate({"from": first, "to": last})

    def test_by_default_the_last_thirty_days(self) -> None:
        first, last = UsageQuery.model_validate({"to": "2026-03-30"}).days
        assert (first, last) == (date(2026, 3, 1), date(2026, 3, 30))
