"""The row of a job, as its crawl needs it."""

from shared.crawl.filters import JobFilters
from shared.crawl.model import LockedJob
from shared.platform.data.db import Transaction


async def lock_job(transaction: Transaction, job_id: int) -> LockedJob | None:
    """The job, locked until the commit.

    Its owner and its project stay as long and are locked before it, for to update a row twice in
    one transaction locks what it refers to: each part of the statement waits for the one above.
    """
    cursor = await transaction.connection.execute(
        # A subquery sees what was committed when the statement began.
        """
        WITH owner AS (
          SELECT id FROM profiles WHERE id = (
            SELECT user_id FROM projects WHERE id = (
              SELECT project_id FROM crawl_jobs WHERE id = %(job_id)s))
          FOR KEY SHARE
        ), p AS (
          SELECT projects.id, user_id FROM projects JOIN owner ON owner.id = user_id
          WHERE projects.id = (SELECT project_id FROM crawl_jobs WHERE id = %(job_id)s)
          FOR KEY SHARE OF projects
        )
        SELECT j.id, p.user_id, j.name, j.keywords, j.categories, j.engines, j.filters,
          j.max_images, j.clamped_to, j.status, j.attempt,
          extract(epoch FROM clock_timestamp() - j.started_at)::float AS running_seconds,
          (SELECT status FROM crawl_jobs WHERE id = %(job_id)s) AS status_before
        FROM crawl_jobs AS j JOIN p ON p.id = j.project_id
        WHERE j.id = %(job_id)s FOR UPDATE OF j
        """,
        {"job_id": job_id},
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    return LockedJob(**{**row, "filters": JobFilters.model_validate(row["filters"])})


async def is_running(transaction: Transaction, job_id: int) -> bool:
    """Whether the job is running, as far as was committed."""
    cursor = await transaction.connection.execute(
        "SELECT FROM crawl_jobs WHERE id = %(job_id)s AND status = 'running'", {"job_id": job_id}
    )
    return cursor.rowcount > 0


async def wait_for_sweep(transaction: Transaction, job_id: int) -> None:
    """Until the commit nobody deletes the job's orphans, and no retry of it begins."""
    await transaction.connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('orphans:' || %(job_id)s, 0))",
        {"job_id": str(job_id)},
    )


async def count_running(transaction: Transaction, job_id: int) -> tuple[int, int]:
    """How many users have jobs running, and how many the user of this running job has."""
    cursor = await transaction.connection.execute(
        """
        SELECT count(DISTINCT user_id) AS users, count(*) FILTER (WHERE user_id = (
          SELECT user_id FROM projects JOIN crawl_jobs AS own ON own.project_id = projects.id
          WHERE own.id = %(job_id)s)) AS jobs
        FROM crawl_jobs JOIN projects ON projects.id = crawl_jobs.project_id
        WHERE crawl_jobs.status = 'running'
        """,
        {"job_id": job_id},
    )
    (counted,) = await cursor.fetchall()
    return counted["users"], counted["jobs"]
