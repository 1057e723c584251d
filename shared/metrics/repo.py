"""Counts over the tables that tell how the service does."""

from shared.platform.db import Transaction


async def count(transaction: Transaction) -> dict[tuple[str, str], int]:
    """Rows by what they are and their state: ``("jobs", "running") → 3``."""
    cursor = await transaction.connection.execute(
        """
        WITH chunks AS (
          SELECT coalesce(sum(stored), 0) AS stored, coalesce(sum(duplicates), 0) AS duplicate,
            coalesce(sum(rejected), 0) AS rejected,
            count(*) FILTER (WHERE status = 'active') AS active
          FROM job_chunks
        )
        SELECT 'jobs' AS kind, status AS state, count(*) AS rows FROM crawl_jobs GROUP BY status
        UNION ALL SELECT 'images', 'stored', stored FROM chunks
        UNION ALL SELECT 'images', 'duplicate', duplicate FROM chunks
        UNION ALL SELECT 'images', 'rejected', rejected FROM chunks
        UNION ALL SELECT 'chunks', 'active', active FROM chunks
        UNION ALL SELECT 'outbox', 'unsent', count(*) FROM outbox WHERE sent_at IS NULL
        """
    )
    return {(row["kind"], row["state"]): int(row["rows"]) for row in await cursor.fetchall()}
