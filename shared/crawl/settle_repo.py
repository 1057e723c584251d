"""The tables a chunk is settled in: images, candidates, chunk and job counters."""

from dataclasses import dataclass
from typing import Any

from psycopg.rows import class_row

from shared.crawl.model import TRANSIENT_OUTCOMES, Chunk, ImageFacts
from shared.platform.db import Transaction


@dataclass(frozen=True, slots=True)
class KnownImage:
    """A stored image of the job that a new one equals or resembles."""

    id: int
    sha256: str
    phash: int
    width: int
    height: int
    is_duplicate: bool

    @property
    def quality(self) -> tuple[int, str]:
        """As `ImageFacts.quality`."""
        return (-self.width * self.height, self.sha256)


async def is_open(transaction: Transaction, chunk_id: int) -> bool:
    """Whether the chunk still waits to be settled."""
    cursor = await transaction.connection.execute(
        "SELECT FROM job_chunks WHERE id = %(id)s AND status IN ('pending', 'active')",
        {"id": chunk_id},
    )
    return await cursor.fetchone() is not None


async def stored_count(transaction: Transaction, job_id: int) -> int:
    """How many distinct images the job has."""
    cursor = await transaction.connection.execute(
        "SELECT coalesce(sum(stored), 0) AS stored FROM job_chunks WHERE job_id = %(job_id)s",
        {"job_id": job_id},
    )
    row = await cursor.fetchone()
    return int(row["stored"]) if row else 0


async def find_known(
    transaction: Transaction, job_id: int, images: list[ImageFacts], *, distance: int
) -> list[KnownImage]:
    """The job's images that equal one of ``images``, or lie within ``distance`` bits of one."""
    async with transaction.connection.cursor(row_factory=class_row(KnownImage)) as cursor:
        await cursor.execute(
            """
            SELECT id, hash AS sha256, phash, width, height, is_duplicate
            FROM images
            WHERE crawl_job_id = %(job_id)s AND (
              hash = ANY(%(hashes)s)
              OR EXISTS (SELECT FROM unnest(%(phashes)s::bigint[]) AS new (phash)
                WHERE NOT images.is_duplicate
                  AND bit_count((images.phash # new.phash)::bit(64)) <= %(distance)s))
            """,
            {
                "job_id": job_id,
                "hashes": [image.sha256 for image in images],
                "phashes": [image.phash for image in images],
                "distance": distance,
            },
        )
        return await cursor.fetchall()


async def insert_images(
    transaction: Transaction, job_id: int, rows: list[tuple[int, ImageFacts, bool]]
) -> dict[int, int]:
    """Adds images with the provenance of their candidates; image ids by candidate id."""
    cursor = await transaction.connection.execute(
        """
        WITH new AS (
          SELECT * FROM unnest(
            %(candidates)s::bigint[], %(hashes)s::text[], %(phashes)s::bigint[],
            %(formats)s::text[], %(widths)s::int[], %(heights)s::int[], %(sizes)s::int[],
            %(blobs)s::text[], %(duplicates)s::bool[]
          ) AS t (candidate_id, hash, phash, format, width, height, size, blob, is_duplicate)
        ),
        added AS (
          INSERT INTO images
            (crawl_job_id, original_url, filename, storage_url, width, height, file_size, format,
             hash, phash, is_duplicate, keyword, engine, source_page_url, creator, license,
             license_url, attribution, labels, metadata)
          SELECT %(job_id)s, c.url, new.hash || '.' || new.format, new.blob, new.width,
            new.height, new.size, new.format, new.hash, new.phash, new.is_duplicate, c.keyword,
            c.engine, c.source_page_url, c.creator, c.license, c.license_url, c.attribution,
            jsonb_build_array(c.keyword), jsonb_build_object('title', c.title)
          FROM new JOIN crawl_candidates AS c ON c.id = new.candidate_id
          RETURNING id, hash
        )
        SELECT added.id, new.candidate_id FROM added JOIN new USING (hash)
        """,
        {
            "job_id": job_id,
            "candidates": [candidate_id for candidate_id, _, _ in rows],
            "hashes": [image.sha256 for _, image, _ in rows],
            "phashes": [image.phash for _, image, _ in rows],
            "formats": [image.format for _, image, _ in rows],
            "widths": [image.width for _, image, _ in rows],
            "heights": [image.height for _, image, _ in rows],
            "sizes": [image.size for _, image, _ in rows],
            "blobs": [image.blob_name for _, image, _ in rows],
            "duplicates": [is_duplicate for _, _, is_duplicate in rows],
        },
    )
    return {row["candidate_id"]: row["id"] for row in await cursor.fetchall()}


async def demote_images(transaction: Transaction, replaced: dict[int, int]) -> None:
    """Makes each old image a near-duplicate of the larger one that replaces it."""
    await transaction.connection.execute(
        """
        WITH replaced AS (
          SELECT * FROM unnest(%(old)s::int[], %(new)s::int[]) AS t (old_id, new_id)
        ),
        demoted AS (
          UPDATE images SET is_duplicate = true, duplicate_of = replaced.new_id
          FROM replaced WHERE images.id = replaced.old_id
        )
        UPDATE crawl_candidates SET outcome = 'near_duplicate'
        FROM replaced WHERE image_id = replaced.old_id AND outcome = 'stored'
        """,
        {"old": list(replaced), "new": list(replaced.values())},
    )


async def link_duplicates(transaction: Transaction, originals: dict[int, int]) -> None:
    """Notes of which image each near-duplicate is one."""
    await transaction.connection.execute(
        """
        UPDATE images SET duplicate_of = t.original_id
        FROM unnest(%(images)s::int[], %(originals)s::int[]) AS t (image_id, original_id)
        WHERE images.id = t.image_id
        """,
        {"images": list(originals), "originals": list(originals.values())},
    )


async def settle_candidates(
    transaction: Transaction, rows: list[tuple[int, str, str | None, int | None]]
) -> None:
    """Writes outcome, detail and image of each candidate."""
    await transaction.connection.execute(
        """
        UPDATE crawl_candidates SET outcome = t.outcome, outcome_detail = t.detail,
          image_id = t.image_id, settled_at = now()
        FROM unnest(%(ids)s::bigint[], %(outcomes)s::text[], %(details)s::text[],
          %(images)s::int[]) AS t (id, outcome, detail, image_id)
        WHERE crawl_candidates.id = t.id
        """,
        {
            "ids": [row[0] for row in rows],
            "outcomes": [row[1] for row in rows],
            "details": [row[2] for row in rows],
            "images": [row[3] for row in rows],
        },
    )


async def forget_image(transaction: Transaction, image_id: int) -> list[int]:
    """Notes that its owner deletes the image; the chunks that have to be counted again."""
    cursor = await transaction.connection.execute(
        """
        UPDATE crawl_candidates SET outcome = 'deleted', outcome_detail = outcome
        WHERE image_id = %(image_id)s RETURNING chunk_id
        """,
        {"image_id": image_id},
    )
    return [row["chunk_id"] for row in await cursor.fetchall() if row["chunk_id"]]


async def recount_chunks(transaction: Transaction, job_id: int, chunk_ids: list[int]) -> None:
    """Recomputes the counters of chunks from their candidates."""
    await transaction.connection.execute(
        """
        UPDATE job_chunks SET candidates = c.candidates, stored = c.stored,
          duplicates = c.duplicates, rejected = c.rejected, lost = c.lost
        FROM (
          SELECT job_chunks.id, count(crawl_candidates.id) AS candidates,
            count(*) FILTER (WHERE outcome = 'stored') AS stored,
            count(*) FILTER (WHERE outcome IN ('exact_duplicate', 'near_duplicate'))
              AS duplicates,
            count(*) FILTER (WHERE outcome NOT IN
              ('stored', 'exact_duplicate', 'near_duplicate', 'over_quota', 'deleted')) AS rejected,
            count(*) FILTER (WHERE outcome = ANY(%(transient)s)) AS lost
          FROM job_chunks LEFT JOIN crawl_candidates ON chunk_id = job_chunks.id
          WHERE job_chunks.job_id = %(job_id)s AND job_chunks.id = ANY(%(ids)s)
          GROUP BY job_chunks.id
        ) AS c WHERE job_chunks.id = c.id
        """,
        {"job_id": job_id, "ids": chunk_ids, "transient": list(TRANSIENT_OUTCOMES)},
    )


async def chunks_of_images(transaction: Transaction, image_ids: list[int]) -> list[int]:
    """The chunks that brought these images."""
    cursor = await transaction.connection.execute(
        """
        SELECT DISTINCT chunk_id FROM crawl_candidates
        WHERE image_id = ANY(%(ids)s) AND chunk_id IS NOT NULL
        """,
        {"ids": image_ids},
    )
    return [row["chunk_id"] for row in await cursor.fetchall()]


async def close_chunk(transaction: Transaction, chunk_id: int) -> dict[str, Any]:
    """The chunk's final ``status, stored``: failed when the network lost most of it."""
    cursor = await transaction.connection.execute(
        """
        UPDATE job_chunks SET completed_at = now(),
          status = CASE WHEN lost * 2 > candidates THEN 'failed' ELSE 'completed' END,
          error = CASE WHEN lost * 2 > candidates
            THEN lost || ' of ' || candidates || ' downloads failed' END
        WHERE id = %(id)s RETURNING status, stored, duplicates, rejected
        """,
        {"id": chunk_id},
    )
    return (await cursor.fetchall())[0]


async def cancel_chunk(transaction: Transaction, chunk: Chunk) -> None:
    """Notes that the job did not want the chunk any more."""
    await transaction.connection.execute(
        """
        UPDATE job_chunks SET status = 'cancelled', completed_at = now()
        WHERE id = %(id)s AND status IN ('pending', 'active')
        """,
        {"id": chunk.id},
    )


async def cancel_open_chunks(transaction: Transaction, job_id: int) -> None:
    """Closes what an ended job has left undone; only the next attempt's chunks may be awaited."""
    await transaction.connection.execute(
        """
        UPDATE job_chunks SET status = 'cancelled', completed_at = now()
        WHERE job_id = %(job_id)s AND status IN ('pending', 'active')
        """,
        {"job_id": job_id},
    )


async def known_hashes(transaction: Transaction, job_id: int, hashes: list[str]) -> set[str]:
    """Which of these bytes the job has stored."""
    cursor = await transaction.connection.execute(
        "SELECT hash FROM images WHERE crawl_job_id = %(job_id)s AND hash = ANY(%(hashes)s)",
        {"job_id": job_id, "hashes": hashes},
    )
    return {row["hash"] for row in await cursor.fetchall()}


async def recount_job(transaction: Transaction, job_id: int, *, at_most_every: float) -> None:
    """Recomputes the job's counters from its chunks, at most once in that many seconds."""
    await transaction.connection.execute(
        """
        UPDATE crawl_jobs SET
          total_images = c.candidates + waiting.candidates, downloaded_images = c.downloaded,
          valid_images = c.stored, duplicate_images = c.duplicates, rejected_images = c.rejected,
          total_chunks = c.total, active_chunks = c.active, completed_chunks = c.completed,
          failed_chunks = c.failed,
          progress = least(100, greatest(progress, 100 * c.stored / max_images)),
          updated_at = clock_timestamp()
        FROM (
          SELECT coalesce(sum(candidates), 0) AS candidates,
            coalesce(sum(stored), 0) AS stored, coalesce(sum(duplicates), 0) AS duplicates,
            coalesce(sum(rejected), 0) AS rejected,
            coalesce(sum(stored + duplicates), 0) AS downloaded, count(*) AS total,
            count(*) FILTER (WHERE status = 'active') AS active,
            count(*) FILTER (WHERE status = 'completed') AS completed,
            count(*) FILTER (WHERE status = 'failed') AS failed
          FROM job_chunks WHERE job_id = %(job_id)s
        ) AS c,
        (SELECT count(*) AS candidates FROM crawl_candidates
         WHERE job_id = %(job_id)s AND chunk_id IS NULL AND outcome IS NULL) AS waiting
        WHERE id = %(job_id)s
          AND updated_at <= clock_timestamp() - %(every)s * interval '1 second'
        """,
        {"job_id": job_id, "every": at_most_every},
    )
