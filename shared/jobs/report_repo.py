"""What is read of a job that runs or has run: counters, outcomes, chunks, log."""

from dataclasses import dataclass
from uuid import UUID

from shared.jobs.schemas import ChunkOut, EventOut, ProgressOut
from shared.platform.data.db import Transaction


@dataclass(frozen=True, slots=True)
class OutcomeCount:
    """How many candidates of a keyword, an engine and a licence came to the same."""

    keyword: str
    engine: str
    license: str
    outcome: str
    candidates: int


@dataclass(frozen=True, slots=True)
class Bar:
    """How many kept images have a format or a size: ``kind`` says which of both ``value`` is."""

    kind: str
    value: str
    images: int


async def find_progress(transaction: Transaction, user_id: UUID, job_id: int) -> ProgressOut | None:
    """How far the user's job is."""
    return await transaction.fetch_one(
        ProgressOut,
        """
        SELECT j.status, j.progress, j.max_images, j.clamped_to, j.total_images,
          j.downloaded_images, j.valid_images, j.duplicate_images, j.rejected_images,
          j.failure_reason, j.started_at, j.updated_at, j.total_chunks AS chunks_total,
          j.active_chunks AS chunks_active, j.completed_chunks AS chunks_completed,
          j.failed_chunks AS chunks_failed, j.attempt
        FROM crawl_jobs AS j JOIN projects AS p ON p.id = j.project_id
        WHERE j.id = %(job_id)s AND p.user_id = %(user_id)s
        """,
        {"job_id": job_id, "user_id": user_id},
    )


async def count_outcomes(transaction: Transaction, job_id: int) -> list[OutcomeCount]:
    """Candidates by keyword, engine, licence and outcome."""
    return await transaction.fetch(
        OutcomeCount,
        """
        SELECT keyword, engine, coalesce(license, 'unknown') AS license, outcome,
          count(*) AS candidates
        FROM crawl_candidates WHERE job_id = %(job_id)s AND outcome IS NOT NULL
        GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
        """,
        {"job_id": job_id},
    )


async def list_events(
    transaction: Transaction, job_id: int, *, below: int, limit: int
) -> list[EventOut]:
    """Up to ``limit`` log lines of the job with ids under ``below``, newest first."""
    return await transaction.fetch(
        EventOut,
        """
        SELECT id, level, event, message, data, created_at FROM job_events
        WHERE job_id = %(job_id)s AND id < %(below)s ORDER BY id DESC LIMIT %(limit)s
        """,
        {"job_id": job_id, "below": below, "limit": limit},
    )


async def histograms(transaction: Transaction, job_id: int) -> list[Bar]:
    """The job's kept images by format, and by size."""
    return await transaction.fetch(
        Bar,
        """
        WITH kept AS (
          SELECT format, greatest(width, height) AS side FROM images
          WHERE crawl_job_id = %(job_id)s AND NOT is_duplicate
        )
        SELECT 'format' AS kind, coalesce(format, 'unknown') AS value, count(*) AS images
        FROM kept GROUP BY 1, 2
        UNION ALL
        SELECT 'size', CASE WHEN side IS NULL THEN 'unknown' WHEN side < 256 THEN 'under 256'
            WHEN side < 512 THEN '256-511' WHEN side < 1024 THEN '512-1023'
            WHEN side < 2048 THEN '1024-2047' ELSE '2048 and more' END, count(*)
        FROM kept GROUP BY 1, 2
        ORDER BY 1, 2
        """,
        {"job_id": job_id},
    )


async def list_chunks(
    transaction: Transaction, job_id: int, *, below: int, limit: int
) -> list[ChunkOut]:
    """Up to ``limit`` chunks of the job with ids under ``below``, newest first."""
    return await transaction.fetch(
        ChunkOut,
        """
        SELECT id, number, attempt, status, candidates, stored, duplicates, rejected,
          deliveries AS attempts, error, created_at, started_at, completed_at
        FROM job_chunks
        WHERE job_id = %(job_id)s AND id < %(below)s ORDER BY id DESC LIMIT %(limit)s
        """,
        {"job_id": job_id, "below": below, "limit": limit},
    )
