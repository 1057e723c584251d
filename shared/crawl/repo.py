"""The tables of a running crawl: searches, candidates, chunks."""

from dataclasses import asdict
from hashlib import sha256
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from shared.crawl.model import TRANSIENT_OUTCOMES, Chunk, ChunkCandidate, JobState, Search
from shared.platform.db import Transaction

if TYPE_CHECKING:
    from shared.sources.source import Candidate

RECENT_CHUNKS = 3  # what tells that the network is gone


async def lock_job(transaction: Transaction, job_id: int) -> dict[str, Any] | None:
    """The job's ``status, attempt, max_images``; its row stays locked until the commit."""
    cursor = await transaction.connection.execute(
        "SELECT status, attempt, max_images FROM crawl_jobs WHERE id = %(job_id)s FOR UPDATE",
        {"job_id": job_id},
    )
    return await cursor.fetchone()


async def load_state(transaction: Transaction, job_id: int) -> JobState | None:
    """How far the job is. Sums run over chunks, not images: cheap however large the job."""
    async with transaction.connection.cursor(row_factory=class_row(JobState)) as cursor:
        await cursor.execute(
            """
            WITH chunks AS (
              SELECT coalesce(sum(stored), 0) AS stored,
                coalesce(sum(candidates) FILTER (WHERE completed_at IS NOT NULL), 0) AS tried,
                coalesce(sum(lost), 0) AS lost,
                count(*) FILTER (WHERE open) AS pending_chunks,
                count(*) FILTER (WHERE recency <= %(recent)s) AS recent_chunks,
                count(*) FILTER (WHERE recency <= %(recent)s AND status = 'failed') AS recent_failed
              FROM (SELECT job_chunks.*, own AND status IN ('pending', 'active') AS open,
                      CASE WHEN own AND status IN ('completed', 'failed') THEN
                        rank() OVER (PARTITION BY own, status IN ('completed', 'failed')
                          ORDER BY completed_at DESC) END AS recency
                    FROM job_chunks, LATERAL (SELECT job_chunks.attempt = (
                      SELECT attempt FROM crawl_jobs WHERE id = %(job_id)s) AS own) AS o
                    WHERE job_id = %(job_id)s) AS job_chunks
            ),
            searches AS (
              SELECT count(*) AS searches,
                count(*) FILTER (WHERE NOT exhausted) AS open_searches,
                count(*) FILTER (WHERE degraded_reason IS NOT NULL) AS degraded_searches
              FROM crawl_searches WHERE job_id = %(job_id)s
            ),
            candidates AS (
              SELECT count(*) AS waiting FROM crawl_candidates
              WHERE job_id = %(job_id)s AND chunk_id IS NULL AND outcome IS NULL
            )
            SELECT status, attempt, max_images, chunks.*, searches.*, candidates.*
            FROM crawl_jobs, chunks, searches, candidates WHERE crawl_jobs.id = %(job_id)s
            """,
            {"job_id": job_id, "recent": RECENT_CHUNKS},
        )
        return await cursor.fetchone()


async def insert_searches(
    transaction: Transaction, job_id: int, attempt: int, *, keywords: list[str], engines: list[str]
) -> None:
    """One search per keyword and engine; those that exist stay as they are."""
    await transaction.connection.execute(
        """
        INSERT INTO crawl_searches (job_id, attempt, keyword, keyword_position, engine)
        SELECT %(job_id)s, %(attempt)s, keyword, position, engine
        FROM unnest(%(keywords)s::text[]) WITH ORDINALITY AS k (keyword, position),
          unnest(%(engines)s::text[]) AS engine
        ORDER BY position, engine
        ON CONFLICT (job_id, keyword, engine) DO NOTHING
        """,
        {"job_id": job_id, "attempt": attempt, "keywords": keywords, "engines": engines},
    )


async def open_searches(transaction: Transaction, job_id: int, *, limit: int) -> list[int]:
    """The searches that have pages left, those with the fewest pages first."""
    cursor = await transaction.connection.execute(
        """
        SELECT id FROM crawl_searches WHERE job_id = %(job_id)s AND NOT exhausted
        ORDER BY pages, id LIMIT %(limit)s
        """,
        {"job_id": job_id, "limit": limit},
    )
    return [row["id"] for row in await cursor.fetchall()]


async def find_search(transaction: Transaction, search_id: int) -> Search | None:
    """One search, with the place of its next page."""
    async with transaction.connection.cursor(row_factory=class_row(Search)) as cursor:
        await cursor.execute(
            """
            SELECT id, job_id, keyword, engine, cursor, pages, found, exhausted
            FROM crawl_searches WHERE id = %(search_id)s
            """,
            {"search_id": search_id},
        )
        return await cursor.fetchone()


async def advance_search(
    transaction: Transaction, search: Search, *, next_cursor: str | None, found: int
) -> bool:
    """Moves the search to its next page; False when another delivery has moved it already."""
    cursor = await transaction.connection.execute(
        """
        UPDATE crawl_searches SET cursor = %(next_cursor)s, pages = pages + 1,
          found = found + %(found)s, exhausted = %(next_cursor)s::text IS NULL,
          degraded_reason = NULL, updated_at = now()
        WHERE id = %(id)s AND pages = %(pages)s AND NOT exhausted
        """,
        {"id": search.id, "pages": search.pages, "next_cursor": next_cursor, "found": found},
    )
    return cursor.rowcount == 1


async def degrade_source(transaction: Transaction, search: Search, reason: str) -> bool:
    """Gives up all open searches of the source for this job; False when that was done before."""
    cursor = await transaction.connection.execute(
        """
        UPDATE crawl_searches SET exhausted = true, degraded_reason = %(reason)s,
          updated_at = now()
        WHERE job_id = %(job_id)s AND engine = %(engine)s AND NOT exhausted
        """,
        {"job_id": search.job_id, "engine": search.engine, "reason": reason},
    )
    return cursor.rowcount > 0


async def insert_candidates(
    transaction: Transaction, search: Search, candidates: "list[Candidate]"
) -> None:
    """Adds what a page listed. A URL that several searches find belongs to the first in order."""
    rows: list[dict[str, Any]] = [
        {
            **asdict(candidate),
            "url_hash": sha256(candidate.url.encode()).digest(),
            "rank": search.found + position,
            "search_id": search.id,
            "job_id": search.job_id,
            "keyword": search.keyword,
            "engine": search.engine,
        }
        for position, candidate in enumerate(candidates)
    ]
    async with transaction.connection.cursor() as cursor:
        await cursor.executemany(
            """
            INSERT INTO crawl_candidates AS known
              (job_id, url, url_hash, search_id, keyword, engine, rank, source_page_url, creator,
               license, license_url, attribution, title)
            VALUES
              (%(job_id)s, %(url)s, %(url_hash)s, %(search_id)s, %(keyword)s, %(engine)s,
               %(rank)s, %(source_page_url)s, %(creator)s, %(license)s, %(license_url)s,
               %(attribution)s, %(title)s)
            ON CONFLICT (job_id, url_hash) DO UPDATE SET
              search_id = EXCLUDED.search_id, keyword = EXCLUDED.keyword,
              engine = EXCLUDED.engine, rank = EXCLUDED.rank,
              source_page_url = EXCLUDED.source_page_url, creator = EXCLUDED.creator,
              license = EXCLUDED.license, license_url = EXCLUDED.license_url,
              attribution = EXCLUDED.attribution, title = EXCLUDED.title
            WHERE known.chunk_id IS NULL
              AND (EXCLUDED.rank, EXCLUDED.search_id) < (known.rank, known.search_id)
            """,
            sorted(rows, key=itemgetter("url_hash")),  # one lock order: no deadlocks
        )


async def pending_chunks(
    transaction: Transaction, job_id: int, attempt: int, *, limit: int
) -> list[int]:
    """Chunks of the attempt that are cut and not done."""
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
    transaction: Transaction, job_id: int, attempt: int, *, candidates: int, chunk_size: int
) -> list[int]:
    """New chunks of the next ``candidates`` waiting candidates, in rank order."""
    cursor = await transaction.connection.execute(
        """
        WITH waiting AS (
          SELECT id, (row_number() OVER (ORDER BY rank, search_id) - 1) / %(size)s AS slot
          FROM (SELECT id, rank, search_id FROM crawl_candidates
                WHERE job_id = %(job_id)s AND chunk_id IS NULL AND outcome IS NULL
                ORDER BY rank, search_id LIMIT %(candidates)s) AS next
        ),
        cut AS (
          INSERT INTO job_chunks (job_id, attempt, number, candidates)
          SELECT %(job_id)s, %(attempt)s, slot + 1 + (
            SELECT coalesce(max(number), 0) FROM job_chunks WHERE job_id = %(job_id)s
          ), count(*)
          FROM waiting GROUP BY slot ORDER BY slot
          RETURNING id, number
        ),
        slots AS (SELECT id, row_number() OVER (ORDER BY number) - 1 AS slot FROM cut)
        UPDATE crawl_candidates SET chunk_id = slots.id
        FROM waiting JOIN slots USING (slot) WHERE crawl_candidates.id = waiting.id
        RETURNING slots.id
        """,
        {"job_id": job_id, "attempt": attempt, "candidates": candidates, "size": chunk_size},
    )
    return sorted({row["id"] for row in await cursor.fetchall()})


async def claim_chunk(transaction: Transaction, chunk_id: int) -> Chunk | None:
    """The chunk's open candidates; None when it is done, or its job does not want it any more."""
    cursor = await transaction.connection.execute(
        """
        UPDATE job_chunks SET status = 'active', deliveries = deliveries + 1,
          started_at = coalesce(job_chunks.started_at, now())
        FROM crawl_jobs
        WHERE job_chunks.id = %(chunk_id)s AND crawl_jobs.id = job_chunks.job_id
          AND job_chunks.status IN ('pending', 'active')
          AND crawl_jobs.status = 'running' AND crawl_jobs.attempt = job_chunks.attempt
        RETURNING job_chunks.job_id, job_chunks.attempt
        """,
        {"chunk_id": chunk_id},
    )
    chunk = await cursor.fetchone()
    if chunk is None:
        return None
    cursor = await transaction.connection.execute(
        """
        SELECT id, url FROM crawl_candidates
        WHERE chunk_id = %(chunk_id)s AND outcome IS NULL ORDER BY rank, search_id
        """,
        {"chunk_id": chunk_id},
    )
    candidates = tuple(ChunkCandidate(row["id"], row["url"]) for row in await cursor.fetchall())
    return Chunk(chunk_id, chunk["job_id"], chunk["attempt"], candidates)


async def is_wanted(transaction: Transaction, job_id: int, attempt: int) -> bool:
    """Whether the job still runs this attempt."""
    cursor = await transaction.connection.execute(
        """
        SELECT FROM crawl_jobs
        WHERE id = %(job_id)s AND attempt = %(attempt)s AND status = 'running'
        """,
        {"job_id": job_id, "attempt": attempt},
    )
    return await cursor.fetchone() is not None


async def reopen(transaction: Transaction, job_id: int) -> list[int]:
    """Gives a retry what is missing; the chunks that have lost and open candidates less now."""
    cursor = await transaction.connection.execute(
        """
        WITH released AS (
          SELECT id, chunk_id FROM crawl_candidates
          WHERE job_id = %(job_id)s AND (outcome IS NULL OR outcome = ANY(%(transient)s))
        ),
        waiting AS (
          UPDATE crawl_candidates SET chunk_id = NULL, outcome = NULL, outcome_detail = NULL
          FROM released WHERE crawl_candidates.id = released.id
        )
        SELECT DISTINCT chunk_id FROM released WHERE chunk_id IS NOT NULL
        """,
        {"job_id": job_id, "transient": list(TRANSIENT_OUTCOMES)},
    )
    chunks = [row["chunk_id"] for row in await cursor.fetchall()]
    await transaction.connection.execute(
        """
        UPDATE crawl_searches SET exhausted = false, degraded_reason = NULL
        WHERE job_id = %(job_id)s AND degraded_reason IS NOT NULL
        """,
        {"job_id": job_id},
    )
    return chunks


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
