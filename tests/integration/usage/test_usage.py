"""Metering gives the same figures however often it runs."""

import asyncio
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from shared.credits import service as credit_service
from shared.platform.data.db import Database
from shared.platform.http.auth.principal import Principal
from shared.usage import service as usage
from shared.usage.schemas import UsageQuery
from tests.integration.conftest import MakeJob, make_user, rows
from tests.scale import sized


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


async def meter(database: Database) -> None:
    """What the hourly timer does."""
    async with database.transaction() as transaction:
        await usage.roll_up(transaction)
        await credit_service.refresh_usage(transaction)


async def metered(database: Database) -> list[dict[str, Any]]:
    """All that metering writes."""
    return await rows(
        database,
        """
        SELECT user_id, metric_date, images_processed, storage_used_gb, monthly_usage,
          average_daily_usage
        FROM usage_metrics JOIN credit_accounts USING (user_id) ORDER BY user_id, metric_date
        """,
    )


async def store(database: Database, job_id: int, hours_ago: int) -> None:
    """Seven images that were stored, and paid, some hours before the last midnight or after it."""
    async with database.transaction() as transaction:
        await transaction.connection.execute(
            """
            INSERT INTO images (crawl_job_id, original_url, filename, file_size, hash, created_at)
            SELECT %(job_id)s, 'https://images.example', 'x.jpeg', 10000000, %(ago)s || ' ' || n,
              date_trunc('day', now(), 'UTC') - %(ago)s * interval '1 hour'
            FROM generate_series(1, 7) AS n
            """,
            {"job_id": job_id, "ago": hours_ago},
        )
        await transaction.connection.execute(
            """
            INSERT INTO credit_transactions
              (account_id, user_id, type, description, amount, balance_after, created_at)
            SELECT id, user_id, 'usage', 'test', -7, 0,
              date_trunc('day', now(), 'UTC') - %(ago)s * interval '1 hour'
            FROM credit_accounts
            WHERE user_id = (SELECT user_id FROM projects
              JOIN crawl_jobs ON project_id = projects.id WHERE crawl_jobs.id = %(job_id)s)
            """,
            {"job_id": job_id, "ago": hours_ago},
        )


class TestMeter:
    async def test_timers_that_fire_together_write_what_one_writes(
        self, database: Database, make_job: MakeJob
    ) -> None:
        for _ in range(20):
            job = await make_job(of=await make_user(database))
            await store(database, job.id, 1)
            await store(database, job.id, 30)
        for _ in range(sized(3, 50)):
            await asyncio.gather(*(meter(database) for _ in range(2)))
            together = await metered(database)
            assert len(together) == 20 * 2
            await rows(database, "DELETE FROM usage_metrics RETURNING id")
            await rows(database, "UPDATE credit_accounts SET monthly_usage = 0 RETURNING id")
            await meter(database)
            assert await metered(database) == together

    async def test_a_timer_that_missed_three_hours_catches_up(
        self, database: Database, make_job: MakeJob
    ) -> None:
        job = await make_job()
        for hour in (2, 1, 0, -1):
            await store(database, job.id, hour)
            await meter(database)
        in_time = await metered(database)
        assert [row["images_processed"] for row in in_time] == [14, 14]
        await rows(database, "DELETE FROM usage_metrics RETURNING id")
        await rows(database, "UPDATE credit_accounts SET monthly_usage = 0 RETURNING id")
        await meter(database)
        assert await metered(database) == in_time


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
