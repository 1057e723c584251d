"""Counts over the tables that tell how the service does."""

from typing import Final

from shared.platform.data.db import Transaction

COUNT: Final = """
WITH jobs AS (
  SELECT status, count(*) AS jobs, sum(valid_images) AS stored, sum(duplicate_images) AS duplicate,
    sum(rejected_images) AS rejected
  FROM crawl_jobs GROUP BY status
)
SELECT 'jobs' AS kind, status AS state, jobs AS rows FROM jobs
UNION ALL SELECT 'images', 'stored', coalesce(sum(stored), 0) FROM jobs
UNION ALL SELECT 'images', 'duplicate', coalesce(sum(duplicate), 0) FROM jobs
UNION ALL SELECT 'images', 'rejected', coalesce(sum(rejected), 0) FROM jobs
UNION ALL SELECT 'chunks', 'active', count(*) FROM job_chunks
  WHERE status IN ('pending', 'active') AND status = 'active'  -- as the index of open ones says it
UNION ALL SELECT 'outbox', 'unsent', count(*) FROM outbox WHERE sent_at IS NULL
"""


async def count(transaction: Transaction) -> dict[tuple[str, str], int]:
    """What there is by what it is and its state: ``("jobs", "running") → 3``.

    Images are counted as their jobs tell, a second behind at most: no table is read from end to
    end but that of the jobs.
    """
    cursor = await transaction.connection.execute(COUNT)
    return {(row["kind"], row["state"]): int(row["rows"]) for row in await cursor.fetchall()}


WORK: Final = """
SELECT
  (SELECT extract(epoch FROM clock_timestamp() - min(created_at)) FROM outbox
    WHERE sent_at IS NULL) AS outbox_age,
  (SELECT count(*) FROM crawl_jobs
    WHERE status = 'failed' AND completed_at > now() - interval '15 minutes') AS failed,
  (SELECT count(*) FROM crawl_jobs
    WHERE status = 'running' AND updated_at < now() - interval '1 hour') AS stale
"""


async def work(transaction: Transaction) -> dict[str, float]:
    """What an alert looks at, each a walk of a small index.

    ``outbox_age``: seconds the oldest unsent side effect has waited; ``failed``: jobs of the last
    quarter of an hour; ``stale``: running jobs of which nothing was heard for an hour, more than
    the reconciler ever waits.
    """
    cursor = await transaction.connection.execute(WORK)
    return {name: float(value or 0) for name, value in (await cursor.fetchall())[0].items()}
