"""The table ``crawl_jobs`` and what is read along with it."""

from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from shared.jobs.schemas import JobCreate, JobOut
from shared.platform.data.db import Transaction


async def insert_job(transaction: Transaction, user_id: UUID, job: JobCreate) -> int | None:
    """The id of the new job; None when the user has no such project."""
    cursor = await transaction.connection.execute(
        """
        INSERT INTO crawl_jobs
          (project_id, name, keywords, max_images, engines, filters, categories, upload_id)
        SELECT id, %(name)s, %(keywords)s, %(max_images)s, %(engines)s, %(filters)s, %(categories)s,
          %(upload_id)s
        FROM projects
        WHERE id = %(project_id)s AND user_id = %(user_id)s AND status <> 'deleted'
        FOR KEY SHARE
        RETURNING id
        """,
        {
            "project_id": job.project_id,
            "user_id": user_id,
            "name": job.name,
            "keywords": Jsonb(job.keywords),
            "max_images": job.max_images,
            "engines": Jsonb(job.engines),
            "filters": Jsonb(job.filters.model_dump(mode="json", exclude_defaults=True)),
            "categories": Jsonb(job.categories),
            "upload_id": job.upload_id,
        },
    )
    row = await cursor.fetchone()
    return row["id"] if row else None


async def insert_urls(transaction: Transaction, job_id: int, job: JobCreate) -> None:
    """Adds the URLs that the job lists, each under its keyword."""
    await transaction.connection.execute(
        """
        INSERT INTO listed_urls (job_id, position, keyword, url, caption, license)
        SELECT %(job_id)s, position, coalesce(keyword, %(default)s), url, caption, license
        FROM unnest(%(keywords)s::text[], %(urls)s::text[], %(captions)s::text[],
          %(licenses)s::text[]) WITH ORDINALITY AS l (keyword, url, caption, license, position)
        """,
        {
            "job_id": job_id,
            "default": job.keywords[0],
            "keywords": [listed.keyword for listed in job.urls],
            "urls": [listed.url for listed in job.urls],
            "captions": [listed.caption for listed in job.urls],
            "licenses": [listed.license for listed in job.urls],
        },
    )


async def listed_keywords(transaction: Transaction, job_id: int) -> set[str]:
    """The keywords under which the job lists URLs."""
    cursor = await transaction.connection.execute(
        "SELECT DISTINCT keyword FROM listed_urls WHERE job_id = %(job_id)s", {"job_id": job_id}
    )
    return {row["keyword"] for row in await cursor.fetchall()}


async def has_upload(transaction: Transaction, job_id: int) -> bool:
    """Whether the job crawls an uploaded list."""
    cursor = await transaction.connection.execute(
        "SELECT FROM crawl_jobs WHERE id = %(job_id)s AND upload_id IS NOT NULL",
        {"job_id": job_id},
    )
    return cursor.rowcount > 0


async def find_job(transaction: Transaction, user_id: UUID, job_id: int) -> JobOut | None:
    """The user's job of that id."""
    jobs = await _select(
        transaction,
        {"user_id": user_id, "job_id": job_id, "project_id": None, "status": None},
        below=2**31,
        limit=1,
    )
    return jobs[0] if jobs else None


async def list_jobs(
    transaction: Transaction,
    user_id: UUID,
    *,
    project_id: int | None,
    status: str | None,
    below: int,
    limit: int,
) -> list[JobOut]:
    """Up to ``limit`` jobs of the user with ids under ``below``, newest first."""
    filters = {"user_id": user_id, "job_id": None, "project_id": project_id, "status": status}
    return await _select(transaction, filters, below=below, limit=limit)


async def _select(
    transaction: Transaction, filters: dict[str, Any], *, below: int, limit: int
) -> list[JobOut]:
    return await transaction.fetch(
        JobOut,
        """
        SELECT j.id, j.project_id, j.name, j.keywords, j.categories, j.engines, j.filters,
          j.upload_id, j.max_images, j.clamped_to, j.status, j.progress, j.total_images,
          j.downloaded_images,
          j.valid_images, j.duplicate_images, j.rejected_images, j.total_chunks,
          j.active_chunks, j.completed_chunks, j.failed_chunks, j.attempt, j.failure_reason,
          j.started_at, j.completed_at, j.created_at, j.updated_at
        FROM crawl_jobs AS j JOIN projects AS p ON p.id = j.project_id
        WHERE p.user_id = %(user_id)s AND j.id < %(below)s
          AND (%(job_id)s::int IS NULL OR j.id = %(job_id)s)
          AND (%(project_id)s::int IS NULL OR j.project_id = %(project_id)s)
          AND (%(status)s::text IS NULL OR j.status = %(status)s)
        ORDER BY j.id DESC LIMIT %(limit)s
        """,
        {**filters, "below": below, "limit": limit},
    )


async def update_job(transaction: Transaction, job_id: int, changes: dict[str, Any]) -> None:
    """Makes ``changes`` to the job."""
    await transaction.connection.execute(
        """
        UPDATE crawl_jobs AS j SET (name, keywords, max_images, engines, filters, categories) = (
          SELECT name, keywords, max_images, engines, filters, categories
          FROM jsonb_populate_record(j, %(changes)s::jsonb))
        WHERE id = %(job_id)s
        """,
        {"job_id": job_id, "changes": Jsonb(changes)},
    )


async def lock_jobs_of(transaction: Transaction, project_id: int) -> list[str]:
    """The status of each job of the project, locked."""
    cursor = await transaction.connection.execute(
        "SELECT status FROM crawl_jobs WHERE project_id = %(project_id)s ORDER BY id FOR UPDATE",
        {"project_id": project_id},
    )
    return [row["status"] for row in await cursor.fetchall()]


async def delete_job(transaction: Transaction, job_id: int) -> None:
    """Removes the job and everything of it that is in the database."""
    await transaction.connection.execute(
        "DELETE FROM crawl_jobs WHERE id = %(job_id)s", {"job_id": job_id}
    )


async def lock_all(transaction: Transaction, user_id: UUID) -> None:
    """None of the user's jobs starts or ends until the commit."""
    # In the order in which a start takes them: projects, jobs, the user's turn.
    await transaction.connection.execute(
        "SELECT FROM projects WHERE user_id = %(user_id)s ORDER BY id FOR KEY SHARE",
        {"user_id": user_id},
    )
    await transaction.connection.execute(
        """
        SELECT FROM crawl_jobs AS j JOIN projects AS p ON p.id = j.project_id
        WHERE p.user_id = %(user_id)s ORDER BY j.id FOR UPDATE OF j
        """,
        {"user_id": user_id},
    )


async def mark_running(
    transaction: Transaction, job_id: int, attempt: int, instance_id: str, clamped_to: int | None
) -> None:
    """The job runs its ``attempt`` from now on, in the instance of that name."""
    await transaction.connection.execute(
        """
        UPDATE crawl_jobs SET status = 'running', attempt = %(attempt)s,
          started_at = clock_timestamp(), completed_at = NULL, failure_reason = NULL,
          clamped_to = %(clamped_to)s::int,
          progress = least(progress, 100 * valid_images / coalesce(%(clamped_to)s, max_images)),
          task_ids = task_ids || to_jsonb(%(instance_id)s::text)
        WHERE id = %(job_id)s
        """,
        {
            "job_id": job_id,
            "attempt": attempt,
            "instance_id": instance_id,
            "clamped_to": clamped_to,
        },
    )


async def mark_finished(
    transaction: Transaction, job_id: int, *, status: str, failure: str | None
) -> None:
    """The job has ended."""
    await transaction.connection.execute(
        """
        UPDATE crawl_jobs SET status = %(status)s, failure_reason = %(failure)s,
          completed_at = clock_timestamp(), active_chunks = 0,
          progress = CASE WHEN %(completed)s THEN 100 ELSE progress END
        WHERE id = %(job_id)s
        """,
        {
            "job_id": job_id,
            "status": status,
            "failure": failure,
            "completed": status == "completed",
        },
    )


async def count_valid(transaction: Transaction, job_id: int) -> tuple[int, int]:
    """How many distinct images the job has, and how many of them earlier attempts have paid.

    What was paid for an image that its owner deleted counts for no other.
    """
    cursor = await transaction.connection.execute(
        """
        SELECT
          (SELECT count(*) FROM images
           WHERE crawl_job_id = %(job_id)s AND is_valid AND NOT is_duplicate) AS valid,
          (SELECT coalesce(sum(charged), 0) FROM credit_holds
           WHERE job_id = %(job_id)s AND status = 'settled')
          - (SELECT count(*) FROM crawl_candidates WHERE job_id = %(job_id)s
             AND outcome = 'deleted' AND outcome_detail = 'stored') AS paid
        """,
        {"job_id": job_id},
    )
    row = (await cursor.fetchall())[0]
    return int(row["valid"]), int(row["paid"])
