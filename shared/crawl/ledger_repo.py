"""The ledger of a job: one row of counters per keyword, and the job's own.

The counters of a chunk are recomputed from its candidates, and what changes goes into its
keyword's row in the same statement: while a job runs no sum goes over all that it has.
"""

from collections.abc import Mapping, Sequence

from shared.crawl.model import TRANSIENT_OUTCOMES, EndedChunk, JobState, KeywordState, LockedJob
from shared.platform.data.db import Transaction

RECENT_CHUNKS = 10  # how many of the last chunks tell whether the network is gone
PROGRESS_SECONDS = 1.0  # the frontend subscribes to the job's row: at most one update a second


async def insert_keywords(transaction: Transaction, job_id: int, keywords: list[str]) -> None:
    """Opens the ledger; rows that exist stay as they are."""
    await transaction.connection.execute(
        """
        INSERT INTO crawl_keywords (job_id, keyword, position)
        SELECT %(job_id)s, keyword, position
        FROM unnest(%(keywords)s::text[]) WITH ORDINALITY AS k (keyword, position)
        ON CONFLICT DO NOTHING
        """,
        {"job_id": job_id, "keywords": keywords},
    )


async def load_state(transaction: Transaction, job: LockedJob) -> JobState:
    """How far the job is. Costs the same however large the job has become."""
    parameters = {
        "job_id": job.id,
        "attempt": job.attempt,
        "auto_expand": job.filters.expand == "auto",
    }
    cursor = await transaction.connection.execute(
        """
        SELECT
          (SELECT count(*) FROM job_chunks
           WHERE job_id = %(job_id)s AND status IN ('pending', 'active')) AS open_chunks,
          count(*) AS searches, count(degraded_reason) AS degraded_searches,
          coalesce(extract(epoch FROM min(ready_at - now())
            FILTER (WHERE NOT exhausted AND ready_at > now())), 0)::float AS busy_seconds
        FROM crawl_searches WHERE job_id = %(job_id)s
        """,
        parameters,
    )
    sums = (await cursor.fetchall())[0]
    return JobState(
        max_images=job.quota,
        keywords=await _load_keywords(transaction, parameters),
        recent=await _load_recent(transaction, parameters),
        **sums,
    )


async def _load_keywords(
    transaction: Transaction, parameters: Mapping[str, object]
) -> tuple[KeywordState, ...]:
    return tuple(
        await transaction.fetch(
            KeywordState,
            """
        SELECT keyword, stored, stored + duplicates + rejected AS tried, lost,
          coalesce(waiting, 0) AS waiting, coalesce(in_chunks, 0) AS in_chunks,
          coalesce(spare, 0) AS spare, %(auto_expand)s AND NOT expanded AS expandable,
          coalesce(open_searches, '{}') AS open_searches,
          coalesce(busy_searches, 0) AS busy_searches
        FROM crawl_keywords
        LEFT JOIN (
          SELECT keyword, count(*) AS waiting FROM crawl_candidates
          WHERE job_id = %(job_id)s AND chunk_id IS NULL AND outcome IS NULL GROUP BY keyword
        ) AS w USING (keyword)
        LEFT JOIN (
          SELECT keyword, sum(candidates) AS in_chunks FROM job_chunks
          WHERE job_id = %(job_id)s AND status IN ('pending', 'active') GROUP BY keyword
        ) AS c USING (keyword)
        LEFT JOIN (
          SELECT keyword, count(*) AS spare FROM crawl_candidates
          WHERE job_id = %(job_id)s AND outcome = 'over_quota' GROUP BY keyword
        ) AS o USING (keyword)
        LEFT JOIN (
          SELECT keyword, count(*) FILTER (WHERE ready_at > now()) AS busy_searches,
            array_agg(id ORDER BY pages, id) FILTER (WHERE ready_at <= now()) AS open_searches
          FROM crawl_searches WHERE job_id = %(job_id)s AND NOT exhausted GROUP BY keyword
        ) AS s USING (keyword)
        WHERE job_id = %(job_id)s ORDER BY position
        """,
            parameters,
        )
    )


async def _load_recent(
    transaction: Transaction, parameters: Mapping[str, object]
) -> tuple[EndedChunk, ...]:
    return tuple(
        await transaction.fetch(
            EndedChunk,
            """
        SELECT candidates, status = 'failed' AS failed FROM job_chunks
        WHERE job_id = %(job_id)s AND attempt = %(attempt)s
          AND status IN ('completed', 'failed')
        ORDER BY completed_at DESC LIMIT %(recent)s
        """,
            {**parameters, "recent": RECENT_CHUNKS},
        )
    )


async def set_quotas(transaction: Transaction, job_id: int, quotas: dict[str, int]) -> None:
    """Notes how many images each keyword may have."""
    await transaction.connection.execute(
        """
        UPDATE crawl_keywords AS k SET quota = q.quota
        FROM unnest(%(keywords)s::text[], %(quotas)s::int[]) AS q (keyword, quota)
        WHERE job_id = %(job_id)s AND k.keyword = q.keyword AND k.quota <> q.quota
        """,
        {"job_id": job_id, "keywords": list(quotas), "quotas": list(quotas.values())},
    )


async def mark_expanded(transaction: Transaction, job_id: int, keywords: list[str]) -> None:
    """Notes that variants of the keywords are searched for."""
    await transaction.connection.execute(
        """
        UPDATE crawl_keywords SET expanded = true
        WHERE job_id = %(job_id)s AND keyword = ANY(%(keywords)s)
        """,
        {"job_id": job_id, "keywords": keywords},
    )


async def allow_expansion(transaction: Transaction, job_id: int) -> None:
    """Lets a retry search for variants at the sources, too, that had been left out before."""
    await transaction.connection.execute(
        "UPDATE crawl_keywords SET expanded = false WHERE job_id = %(job_id)s AND expanded",
        {"job_id": job_id},
    )


async def quota_left(transaction: Transaction, job_id: int) -> dict[str, int]:
    """How many images each keyword still wants."""
    cursor = await transaction.connection.execute(
        "SELECT keyword, quota - stored AS remaining FROM crawl_keywords WHERE job_id = %(job_id)s",
        {"job_id": job_id},
    )
    return {row["keyword"]: row["remaining"] for row in await cursor.fetchall()}


async def recount_chunks(
    transaction: Transaction, job_id: int, chunk_ids: Sequence[int] | None = None
) -> None:
    """Recomputes the counters of chunks, of all for None, and what follows in the ledger."""
    await transaction.connection.execute(
        """
        WITH fresh AS (
          SELECT job_chunks.id, count(crawl_candidates.id) AS candidates,
            count(*) FILTER (WHERE outcome = 'stored') AS stored,
            count(*) FILTER (WHERE outcome IN ('exact_duplicate', 'near_duplicate'))
              AS duplicates,
            count(*) FILTER (WHERE outcome NOT IN
              ('stored', 'exact_duplicate', 'near_duplicate', 'over_quota', 'deleted')) AS rejected,
            count(*) FILTER (WHERE outcome = ANY(%(transient)s)) AS lost
          FROM job_chunks LEFT JOIN crawl_candidates ON chunk_id = job_chunks.id
          WHERE job_chunks.job_id = %(job_id)s
            AND (%(ids)s::bigint[] IS NULL OR job_chunks.id = ANY(%(ids)s))
          GROUP BY job_chunks.id
        ),
        changes AS (
          SELECT fresh.id, keyword, fresh.candidates - c.candidates AS candidates,
            fresh.stored - c.stored AS stored, fresh.duplicates - c.duplicates AS duplicates,
            fresh.rejected - c.rejected AS rejected, fresh.lost - c.lost AS lost
          FROM fresh JOIN job_chunks AS c USING (id)
        ),
        counted AS (
          UPDATE job_chunks SET candidates = fresh.candidates, stored = fresh.stored,
            duplicates = fresh.duplicates, rejected = fresh.rejected, lost = fresh.lost
          FROM fresh WHERE job_chunks.id = fresh.id
        )
        UPDATE crawl_keywords AS k SET candidates = k.candidates + c.candidates,
          stored = k.stored + c.stored, duplicates = k.duplicates + c.duplicates,
          rejected = k.rejected + c.rejected, lost = k.lost + c.lost
        FROM (
          SELECT keyword, sum(candidates) AS candidates, sum(stored) AS stored,
            sum(duplicates) AS duplicates, sum(rejected) AS rejected, sum(lost) AS lost
          FROM changes GROUP BY keyword
        ) AS c WHERE job_id = %(job_id)s AND k.keyword = c.keyword
        """,
        {
            "job_id": job_id,
            "ids": None if chunk_ids is None else list(chunk_ids),
            "transient": list(TRANSIENT_OUTCOMES),
        },
    )


async def recount_job(
    transaction: Transaction, job_id: int, *, at_most_every: float = PROGRESS_SECONDS
) -> None:
    """Recomputes the job's counters from its ledger, at most once in that many seconds."""
    await transaction.connection.execute(
        """
        UPDATE crawl_jobs SET
          total_images = k.candidates + waiting.candidates,
          downloaded_images = k.stored + k.duplicates, valid_images = k.stored,
          duplicate_images = k.duplicates, rejected_images = k.rejected,
          total_chunks = k.chunks, completed_chunks = k.completed, failed_chunks = k.failed,
          active_chunks = active.chunks,
          progress = least(100,
            greatest(progress, 100 * k.stored / coalesce(clamped_to, max_images)))
        FROM (
          SELECT coalesce(sum(candidates), 0) AS candidates, coalesce(sum(stored), 0) AS stored,
            coalesce(sum(duplicates), 0) AS duplicates, coalesce(sum(rejected), 0) AS rejected,
            coalesce(sum(chunks), 0) AS chunks, coalesce(sum(completed_chunks), 0) AS completed,
            coalesce(sum(failed_chunks), 0) AS failed
          FROM crawl_keywords WHERE job_id = %(job_id)s
        ) AS k,
        (SELECT count(*) AS candidates FROM crawl_candidates
         WHERE job_id = %(job_id)s AND chunk_id IS NULL AND outcome IS NULL) AS waiting,
        (SELECT count(*) FILTER (WHERE status = 'active') AS chunks FROM job_chunks
         WHERE job_id = %(job_id)s AND status IN ('pending', 'active')) AS active
        WHERE id = %(job_id)s
          AND updated_at <= clock_timestamp() - %(every)s * interval '1 second'
        """,
        {"job_id": job_id, "every": at_most_every},
    )
