"""The tables a job's crawl is steered by: its chunks, its log."""

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from psycopg.types.json import Jsonb

from shared.crawl.filters import JobFilters
from shared.crawl.model import TRANSIENT_OUTCOMES, Chunk, ChunkCandidate
from shared.platform.data.db import Transaction

ChunkEnd: TypeAlias = Literal["completed", "failed"]


async def open_chunks(
    transaction: Transaction, job_id: int, attempt: int, *, limit: int
) -> list[int]:
    """Chunks of the attempt that are cut and not done, in their order."""
    cursor = await transaction.connection.execute(
        """
        SELECT id FROM job_chunks
        WHERE job_id = %(job_id)s AND attempt = %(attempt)s AND status IN ('pending', 'active')
        ORDER BY number LIMIT %(limit)s
        """,
        {"job_id": job_id, "attempt": attempt, "limit": limit},
    )
    return [row["id"] for row in await cursor.fetchall()]


async def cut_chunks(
    transaction: Transaction, job_id: int, attempt: int, cuts: Sequence[tuple[str, int]]
) -> list[int]:
    """New chunks: of each cut's keyword its number of candidates, the next ones in rank order."""
    cursor = await transaction.connection.execute(
        """
        WITH cuts AS (
          SELECT keyword, size, position,
            sum(size) OVER (PARTITION BY keyword ORDER BY position) AS upto
          FROM unnest(%(keywords)s::text[], %(sizes)s::int[])
            WITH ORDINALITY AS c (keyword, size, position)
        ),
        totals AS (SELECT keyword, max(upto) AS total FROM cuts GROUP BY keyword),
        waiting AS (
          SELECT next.id, cuts.position
          FROM totals CROSS JOIN LATERAL (
            SELECT id, row_number() OVER (ORDER BY rank, search_id) AS place
            FROM crawl_candidates
            WHERE job_id = %(job_id)s AND crawl_candidates.keyword = totals.keyword
              AND chunk_id IS NULL AND outcome IS NULL
            ORDER BY rank, search_id LIMIT totals.total
          ) AS next
          JOIN cuts ON cuts.keyword = totals.keyword
            AND next.place > cuts.upto - cuts.size AND next.place <= cuts.upto
        ),
        chunks AS (
          INSERT INTO job_chunks (job_id, attempt, keyword, number)
          SELECT %(job_id)s, %(attempt)s, keyword, position + (
            SELECT coalesce(max(number), 0) FROM job_chunks WHERE job_id = %(job_id)s)
          FROM cuts WHERE position IN (SELECT position FROM waiting) ORDER BY position
          RETURNING id, keyword, number
        ),
        counted AS (
          UPDATE crawl_keywords AS k SET chunks = k.chunks + new.chunks
          FROM (SELECT keyword, count(*) AS chunks FROM chunks GROUP BY keyword) AS new
          WHERE job_id = %(job_id)s AND k.keyword = new.keyword
        ),
        numbered AS (SELECT id, row_number() OVER (ORDER BY number) AS nth FROM chunks),
        used AS (
          SELECT position, row_number() OVER (ORDER BY position) AS nth
          FROM (SELECT DISTINCT position FROM waiting) AS positions
        )
        UPDATE crawl_candidates SET chunk_id = numbered.id
        FROM waiting JOIN used USING (position) JOIN numbered USING (nth)
        WHERE crawl_candidates.id = waiting.id
        RETURNING numbered.id
        """,
        {
            "job_id": job_id,
            "attempt": attempt,
            "keywords": [keyword for keyword, _ in cuts],
            "sizes": [size for _, size in cuts],
        },
    )
    return sorted({row["id"] for row in await cursor.fetchall()})


async def claim_chunk(transaction: Transaction, chunk_id: int) -> Chunk | None:
    """The chunk's open candidates; None when it is done, or its job does not want it any more."""
    cursor = await transaction.connection.execute(
        """
        UPDATE job_chunks SET status = 'active', deliveries = deliveries + 1,
          started_at = coalesce(job_chunks.started_at, now())
        FROM crawl_jobs JOIN projects ON projects.id = crawl_jobs.project_id
        WHERE job_chunks.id = %(chunk_id)s AND crawl_jobs.id = job_chunks.job_id
          AND job_chunks.status IN ('pending', 'active')
          AND crawl_jobs.status = 'running' AND crawl_jobs.attempt = job_chunks.attempt
        RETURNING job_chunks.job_id, job_chunks.attempt, job_chunks.keyword, crawl_jobs.filters,
          projects.user_id
        """,
        {"chunk_id": chunk_id},
    )
    chunk = await cursor.fetchone()
    if chunk is None:
        return None
    cursor = await transaction.connection.execute(
        """
        SELECT c.id, url, rank, search_id, c.engine, c.license, known_blob, known_etag
        FROM crawl_candidates AS c
        LEFT JOIN LATERAL (
          SELECT i.storage_url AS known_blob, i.metadata ->> 'etag' AS known_etag
          FROM images AS i
          JOIN crawl_jobs AS j ON j.id = i.crawl_job_id
          JOIN projects AS p ON p.id = j.project_id
          WHERE i.original_url = c.url AND i.metadata ? 'etag' AND p.user_id = %(user_id)s
          ORDER BY i.id DESC LIMIT 1
        ) AS known ON true
        WHERE chunk_id = %(chunk_id)s AND outcome IS NULL ORDER BY rank, search_id
        """,
        {"chunk_id": chunk_id, "user_id": chunk.pop("user_id")},
    )
    candidates = tuple(ChunkCandidate(**row) for row in await cursor.fetchall())
    filters = JobFilters.model_validate(chunk.pop("filters"))
    return Chunk(chunk_id, candidates=candidates, filters=filters, **chunk)


async def is_wanted(transaction: Transaction, chunk: Chunk) -> bool:
    """Whether the job still runs this attempt and wants images of the chunk's keyword."""
    cursor = await transaction.connection.execute(
        """
        SELECT FROM crawl_jobs AS j JOIN crawl_keywords AS k ON k.job_id = j.id
        WHERE j.id = %(job_id)s AND attempt = %(attempt)s AND status = 'running'
          AND keyword = %(keyword)s AND stored < quota
        """,
        {"job_id": chunk.job_id, "attempt": chunk.attempt, "keyword": chunk.keyword},
    )
    return await cursor.fetchone() is not None


async def close_chunk(transaction: Transaction, chunk: Chunk, *, lost: int, tried: int) -> ChunkEnd:
    """The chunk's final status: it failed when most of what it tried was lost."""
    status: ChunkEnd = "failed" if lost * 2 > tried else "completed"
    await transaction.connection.execute(
        """
        WITH closed AS (
          UPDATE job_chunks SET completed_at = clock_timestamp(), status = %(status)s::text,
            error = CASE %(status)s::text WHEN 'failed'
              THEN %(lost)s::int || ' of ' || %(tried)s::int || ' downloads failed' END
          WHERE id = %(id)s
        )
        UPDATE crawl_keywords SET
          completed_chunks = completed_chunks + (%(status)s::text = 'completed')::int,
          failed_chunks = failed_chunks + (%(status)s::text = 'failed')::int
        WHERE job_id = %(job_id)s AND keyword = %(keyword)s
        """,
        {
            "id": chunk.id,
            "job_id": chunk.job_id,
            "keyword": chunk.keyword,
            "status": status,
            "lost": lost,
            "tried": tried,
        },
    )
    return status


async def cancel_chunks(transaction: Transaction, job_id: int) -> None:
    """Closes the chunks that an ended job leaves undone."""
    await transaction.connection.execute(
        """
        UPDATE job_chunks SET status = 'cancelled', completed_at = now()
        WHERE job_id = %(job_id)s AND status IN ('pending', 'active')
        """,
        {"job_id": job_id},
    )


async def is_open(transaction: Transaction, chunk_id: int) -> bool:
    """Whether the chunk still waits to be settled."""
    cursor = await transaction.connection.execute(
        "SELECT FROM job_chunks WHERE id = %(id)s AND status IN ('pending', 'active')",
        {"id": chunk_id},
    )
    return await cursor.fetchone() is not None


async def release_candidates(
    transaction: Transaction,
    job_id: int,
    outcomes: Sequence[str],
    *,
    keywords: Sequence[str] | None = None,
    unfinished: bool = False,
) -> list[int]:
    """Takes candidates with these outcomes out of their chunks, to be tried again; those chunks.

    Without ``keywords`` those of all keywords; with ``unfinished`` also those without an outcome.
    """
    cursor = await transaction.connection.execute(
        """
        WITH released AS (
          SELECT id, chunk_id FROM crawl_candidates
          WHERE job_id = %(job_id)s
            AND (outcome = ANY(%(outcomes)s) OR %(unfinished)s AND outcome IS NULL)
            AND (%(keywords)s::text[] IS NULL OR keyword = ANY(%(keywords)s))
        ),
        waiting AS (
          UPDATE crawl_candidates SET chunk_id = NULL, outcome = NULL, outcome_detail = NULL
          FROM released WHERE crawl_candidates.id = released.id
        )
        SELECT DISTINCT chunk_id FROM released WHERE chunk_id IS NOT NULL
        """,
        {
            "job_id": job_id,
            "outcomes": list(outcomes),
            "keywords": None if keywords is None else list(keywords),
            "unfinished": unfinished,
        },
    )
    return [row["chunk_id"] for row in await cursor.fetchall()]


async def reopen(transaction: Transaction, job_id: int) -> list[int]:
    """Lets a retry try lost and unfinished candidates again; the chunks that they were in."""
    return await release_candidates(transaction, job_id, TRANSIENT_OUTCOMES, unfinished=True)


async def add_event(
    transaction: Transaction, job_id: int, level: str, event: str, message: str, **data: Any
) -> None:
    """Adds a line to the job's log."""
    await transaction.connection.execute(
        """
        INSERT INTO job_events (job_id, level, event, message, data)
        VALUES (%(job_id)s, %(level)s, %(event)s, %(message)s, %(data)s)
        """,
        {"job_id": job_id, "level": level, "event": event, "message": message, "data": Jsonb(data)},
    )
