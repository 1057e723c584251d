"""The tables of discovery: searches and the candidates they list."""

from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from shared.crawl.labels import fold
from shared.crawl.model import Search
from shared.platform.data.db import Transaction
from shared.sources.url_list import Row

if TYPE_CHECKING:
    from shared.sources.source import Candidate, Proof


async def insert_searches(
    transaction: Transaction,
    job_id: int,
    *,
    queries: Sequence[tuple[str, str]],
    engines: list[str],
) -> None:
    """One search per query ``(keyword, query)`` and engine; those that exist stay as they are.

    An engine that is left out of the job is not asked in other words either.
    """
    await transaction.connection.execute(
        """
        INSERT INTO crawl_searches (job_id, keyword, query, engine)
        SELECT %(job_id)s, keyword, query, engine
        FROM unnest(%(keywords)s::text[], %(queries)s::text[])
            WITH ORDINALITY AS k (keyword, query, position),
          unnest(%(engines)s::text[]) AS engine
        WHERE engine NOT IN (SELECT engine FROM crawl_searches
          WHERE job_id = %(job_id)s AND degraded_reason IS NOT NULL)
        ORDER BY position, engine
        ON CONFLICT (job_id, keyword, query, engine) DO NOTHING
        """,
        {
            "job_id": job_id,
            "keywords": [keyword for keyword, _ in queries],
            "queries": [query for _, query in queries],
            "engines": engines,
        },
    )


async def find_search(transaction: Transaction, search_id: int) -> Search | None:
    """One search, with the place of its next page."""
    return await transaction.fetch_one(
        Search,
        """
        SELECT id, job_id, keyword, query, engine, cursor, pages, found, exhausted
        FROM crawl_searches WHERE id = %(search_id)s
        """,
        {"search_id": search_id},
    )


async def advance_search(
    transaction: Transaction, search: Search, *, next_cursor: str | None, found: int
) -> bool:
    """Moves the search to its next page; False when another delivery has moved it already.

    A page ends the row of rests of its source.
    """
    cursor = await transaction.connection.execute(
        """
        UPDATE crawl_searches SET cursor = %(next_cursor)s, pages = pages + 1,
          found = found + %(found)s, exhausted = %(next_cursor)s::text IS NULL,
          degraded_reason = NULL
        WHERE id = %(id)s AND pages = %(pages)s AND NOT exhausted
        """,
        {"id": search.id, "pages": search.pages, "next_cursor": next_cursor, "found": found},
    )
    await transaction.connection.execute(
        """
        UPDATE crawl_searches SET rests = 0
        WHERE job_id = %(job_id)s AND engine = %(engine)s AND NOT exhausted AND rests > 0
        """,
        {"job_id": search.job_id, "engine": search.engine},
    )
    return cursor.rowcount == 1


async def postpone_search(transaction: Transaction, search: Search, seconds: float) -> None:
    """Leaves the search alone for a while."""
    await transaction.connection.execute(
        """
        UPDATE crawl_searches SET ready_at = now() + %(seconds)s * interval '1 second'
        WHERE id = %(id)s
        """,
        {"id": search.id, "seconds": seconds},
    )


async def rest_source(
    transaction: Transaction, search: Search, seconds: float, *, most: int
) -> bool:
    """Leaves all of the job's searches at the source alone for a while.

    False when it has had ``most`` rests in a row. Searches that were under way when a rest began
    may prolong it; they do not make it two.
    """
    cursor = await transaction.connection.execute(
        """
        UPDATE crawl_searches SET rests = rests + (ready_at <= now())::int,
          ready_at = greatest(ready_at, now() + %(seconds)s * interval '1 second')
        WHERE job_id = %(job_id)s AND engine = %(engine)s AND NOT exhausted
          AND (SELECT rests < %(most)s OR ready_at > now()
            FROM crawl_searches WHERE id = %(id)s)
        """,
        {
            "id": search.id,
            "job_id": search.job_id,
            "engine": search.engine,
            "seconds": seconds,
            "most": most,
        },
    )
    return cursor.rowcount > 0


async def degrade(
    transaction: Transaction, search: Search, reason: str, *, only_this: bool
) -> bool:
    """Gives up the search, or all of its job at its source; False when that was done before."""
    cursor = await transaction.connection.execute(
        """
        UPDATE crawl_searches SET exhausted = true, degraded_reason = %(reason)s, rests = 0
        WHERE job_id = %(job_id)s AND engine = %(engine)s AND NOT exhausted
          AND (NOT %(only_this)s OR id = %(id)s)
        """,
        {
            "job_id": search.job_id,
            "engine": search.engine,
            "reason": reason,
            "only_this": only_this,
            "id": search.id,
        },
    )
    return cursor.rowcount > 0


async def reopen_degraded(transaction: Transaction, job_id: int) -> None:
    """Lets a retry ask the sources again that did not answer."""
    await transaction.connection.execute(
        """
        UPDATE crawl_searches SET exhausted = false, degraded_reason = NULL
        WHERE job_id = %(job_id)s AND degraded_reason IS NOT NULL
        """,
        {"job_id": job_id},
    )


async def read_list(transaction: Transaction, search: Search, after: int, limit: int) -> list[Row]:
    """The URLs that the user has listed for the search's keyword, those after a place.

    Of an uploaded list these are the rows with that label; where none has one, the job's first
    keyword has them all.
    """
    return await transaction.fetch(
        Row,
        """
        WITH uploaded AS (
          SELECT u.id AS upload_id, CASE WHEN u.label_count > 0 THEN %(label_key)s
            WHEN j.keywords ->> 0 = %(keyword)s THEN '' END AS label_key
          FROM crawl_jobs AS j JOIN uploads AS u ON u.id = j.upload_id
          WHERE j.id = %(job_id)s
        )
        (SELECT position, url, caption, license FROM listed_urls
         WHERE job_id = %(job_id)s AND keyword = %(keyword)s AND position > %(after)s
         ORDER BY position LIMIT %(limit)s)
        UNION ALL
        (SELECT position, url, caption, license
         FROM upload_rows JOIN uploaded USING (upload_id, label_key)
         WHERE position > %(after)s ORDER BY position LIMIT %(limit)s)
        """,
        {
            "job_id": search.job_id,
            "keyword": search.keyword,
            "label_key": fold(search.keyword),
            "after": after,
            "limit": limit,
        },
    )


async def insert_candidates(
    transaction: Transaction,
    search: Search,
    candidates: "Sequence[Candidate]",
    proof: "Proof | None" = None,
) -> None:
    """Adds what a page listed, and the answer that proves it.

    A URL that several searches find belongs to the first in order.
    """
    rows = [
        (sha256(candidate.url.encode()).digest(), search.found + position, candidate)
        for position, candidate in enumerate(candidates)
    ]
    listed = [candidate for _, _, candidate in rows]
    await transaction.connection.execute(
        """
        WITH answer AS (
          INSERT INTO crawl_answers (search_id, address, answered_at, sha256)
          SELECT %(search_id)s, %(address)s::text, %(at)s::timestamptz, %(sha256)s::text
          WHERE %(address)s::text IS NOT NULL RETURNING id
        )
        INSERT INTO crawl_candidates AS known
          (job_id, search_id, keyword, engine, answer_id, url_hash, rank, url, source_page_url,
           creator, license, license_url, attribution, title, license_stated)
        SELECT %(job_id)s, %(search_id)s, %(keyword)s, %(engine)s, (SELECT id FROM answer), page.*
        FROM unnest(%(hashes)s::bytea[], %(ranks)s::int[], %(urls)s::text[],
          %(source_pages)s::text[], %(creators)s::text[], %(licenses)s::text[],
          %(license_urls)s::text[], %(attributions)s::text[], %(titles)s::text[],
          %(stated)s::text[]) AS page
        ON CONFLICT (job_id, url_hash) DO UPDATE SET
          search_id = EXCLUDED.search_id, keyword = EXCLUDED.keyword,
          engine = EXCLUDED.engine, rank = EXCLUDED.rank,
          source_page_url = EXCLUDED.source_page_url, creator = EXCLUDED.creator,
          license = EXCLUDED.license, license_url = EXCLUDED.license_url,
          attribution = EXCLUDED.attribution, title = EXCLUDED.title,
          license_stated = EXCLUDED.license_stated, answer_id = EXCLUDED.answer_id
        WHERE known.chunk_id IS NULL
          AND (EXCLUDED.rank, EXCLUDED.search_id) < (known.rank, known.search_id)
        """,
        {
            "job_id": search.job_id,
            "search_id": search.id,
            "keyword": search.keyword,
            "engine": search.engine,
            "hashes": [hashed for hashed, _, _ in rows],
            "ranks": [rank for _, rank, _ in rows],
            "urls": [candidate.url for candidate in listed],
            "source_pages": [candidate.source_page_url for candidate in listed],
            "creators": [candidate.creator for candidate in listed],
            "licenses": [candidate.license for candidate in listed],
            "license_urls": [candidate.license_url for candidate in listed],
            "attributions": [candidate.attribution for candidate in listed],
            "titles": [candidate.title for candidate in listed],
            "stated": [candidate.license_stated for candidate in listed],
            "address": proof.address if proof else None,
            "at": proof.at if proof else None,
            "sha256": proof.sha256 if proof else None,
        },
    )
