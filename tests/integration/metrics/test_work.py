"""What the watching timer and a scrape ask of the database is right, and cheap."""

from datetime import timedelta
from typing import LiteralString

from shared.metrics import repo
from shared.platform.data import outbox
from shared.platform.data.db import Database
from tests.integration.conftest import MakeJob


async def work(database: Database) -> dict[str, float]:
    async with database.transaction() as transaction:
        return await repo.work(transaction)


async def test_nothing_happens(database: Database) -> None:
    assert await work(database) == {"outbox_age": 0, "failed": 0, "stale": 0}


async def test_the_oldest_unsent_side_effect(database: Database) -> None:
    async with database.transaction() as transaction:
        for key, minutes in (("young", 1), ("old", 12), ("sent", 60)):
            await outbox.add(transaction, outbox.SendMessage(queue="any", message={}), key=key)
            await transaction.connection.execute(
                "UPDATE outbox SET created_at = now() - %(age)s WHERE key = %(key)s",
                {"age": timedelta(minutes=minutes), "key": key},
            )
        await transaction.connection.execute("UPDATE outbox SET sent_at = now() WHERE key = 'sent'")
    assert 720 <= (await work(database))["outbox_age"] < 740


async def test_jobs_that_failed_of_late_and_those_nothing_is_heard_of(
    database: Database, make_job: MakeJob
) -> None:
    failed, failed_before, stale, running = [(await make_job()).id for _ in range(4)]
    async with database.transaction() as transaction:
        await transaction.connection.execute("RESET ROLE")
        await transaction.connection.execute("ALTER TABLE crawl_jobs DISABLE TRIGGER USER")
        for job, status, minutes in (
            (failed, "failed", 5), (failed_before, "failed", 20),
            (stale, "running", 61), (running, "running", 59),
        ):  # fmt: skip
            await transaction.connection.execute(
                """
                UPDATE crawl_jobs SET status = %(status)s, completed_at = now() - %(age)s,
                  updated_at = now() - %(age)s WHERE id = %(id)s
                """,
                {"status": status, "age": timedelta(minutes=minutes), "id": job},
            )
        await transaction.connection.execute("ALTER TABLE crawl_jobs ENABLE TRIGGER USER")
    assert await work(database) == {"outbox_age": 0, "failed": 1, "stale": 1}


async def plan_of(database: Database, query: LiteralString) -> list[str]:
    """How it is done where tables are large: a scan would be the cheapest here."""
    async with database.transaction() as transaction:
        connection = transaction.connection
        await connection.execute("SET LOCAL enable_seqscan = off")
        plan = await connection.execute(f"EXPLAIN {query}")
        return [str(*row.values()) for row in await plan.fetchall()]


async def test_no_table_is_read_from_end_to_end(database: Database) -> None:
    lines = await plan_of(database, repo.WORK)
    assert not [line for line in lines if "Seq Scan" in line]
    indexes = {"outbox_unsent_idx", "crawl_jobs_failed_idx", "crawl_jobs_running_idx"}
    assert {name for name in indexes if name in "\n".join(lines)} == indexes


async def test_a_scrape_reads_none_but_the_jobs_from_end_to_end(database: Database) -> None:
    lines = await plan_of(database, repo.COUNT)
    assert [line.partition(" on ")[2].split()[0] for line in lines if "Seq Scan" in line] == [
        "crawl_jobs"
    ]


async def test_images_and_chunks_are_counted_as_they_are(
    database: Database, make_job: MakeJob
) -> None:
    job = await make_job(start=True)
    statuses = ["pending", "active", "active", "completed"]
    async with database.transaction() as transaction:
        for number, status in enumerate(statuses):
            await transaction.connection.execute(
                "INSERT INTO job_chunks (job_id, attempt, number, keyword, status)"
                " VALUES (%(job)s, 1, %(number)s, 'cat', %(status)s)",
                {"job": job.id, "number": number, "status": status},
            )
        await transaction.connection.execute(
            "UPDATE crawl_jobs SET valid_images = 3, duplicate_images = 2, rejected_images = 1"
        )
    async with database.transaction() as transaction:
        assert await repo.count(transaction) == {
            ("jobs", "running"): 1,
            ("images", "stored"): 3,
            ("images", "duplicate"): 2,
            ("images", "rejected"): 1,
            ("chunks", "active"): 2,
            ("outbox", "unsent"): 1,
        }
