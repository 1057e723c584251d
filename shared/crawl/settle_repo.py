"""The tables a chunk is settled in: images and candidates."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.crawl.model import ImageFacts
from shared.imaging.hash_thirds import flips
from shared.platform.data.db import Transaction


@dataclass(frozen=True, slots=True)
class KnownImage:
    """An image of the job, and the candidate that brought it."""

    id: int
    sha256: str
    phash: int
    area: int
    is_duplicate: bool
    duplicate_of: int | None
    candidate_id: int
    chunk_id: int
    keyword: str
    rank: int
    search_id: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of an image that is in the database: its candidate, and whose copy it is."""

    image_id: int
    candidate_id: int
    is_duplicate: bool
    duplicate_of: int | None


async def find_same_bytes(
    transaction: Transaction, job_id: int, hashes: Sequence[str]
) -> list[KnownImage]:
    """The job's images with one of these sha256 hashes."""
    return await transaction.fetch(
        KnownImage,
        """
        SELECT i.id, hash AS sha256, phash, width * height AS area, is_duplicate, duplicate_of,
          c.id AS candidate_id, chunk_id, c.keyword, rank, search_id
        FROM images AS i JOIN crawl_candidates AS c ON c.image_id = i.id
        WHERE crawl_job_id = %(job_id)s AND hash = ANY(%(hashes)s)
        """,
        {"job_id": job_id, "hashes": list(hashes)},
    )


async def find_copies(transaction: Transaction, image_ids: Sequence[int]) -> list[KnownImage]:
    """The near-duplicates of these images."""
    return await transaction.fetch(
        KnownImage,
        """
        SELECT i.id, hash AS sha256, phash, width * height AS area, is_duplicate, duplicate_of,
          c.id AS candidate_id, chunk_id, c.keyword, rank, search_id
        FROM images AS i JOIN crawl_candidates AS c ON c.image_id = i.id
        WHERE duplicate_of = ANY(%(ids)s)
        """,
        {"ids": list(image_ids)},
    )


async def find_near(
    transaction: Transaction, job_id: int, phashes: Sequence[int], *, bits: int
) -> list[KnownImage]:
    """The job's distinct images within ``bits`` (at most 8) of one of these hashes.

    Looked up by thirds of the hash, of which one is the same but for a third of the bits: see the
    indexes ``images_phash_third_*``.
    """
    return await transaction.fetch(
        KnownImage,
        """
        SELECT DISTINCT i.id, hash AS sha256, i.phash, width * height AS area, is_duplicate,
          duplicate_of, c.id AS candidate_id, chunk_id, c.keyword, rank, search_id
        FROM unnest(%(phashes)s::bigint[]) AS probe (phash)
        CROSS JOIN LATERAL (
          (SELECT * FROM images WHERE crawl_job_id = %(job_id)s AND NOT is_duplicate
            AND (images.phash & 2097151) = ANY (ARRAY(
              SELECT probe.phash & 2097151 # flip FROM unnest(%(flips)s::bigint[]) AS flip))
            OFFSET 0)
          UNION ALL
          (SELECT * FROM images WHERE crawl_job_id = %(job_id)s AND NOT is_duplicate
            AND (images.phash >> 21 & 2097151) = ANY (ARRAY(
              SELECT probe.phash >> 21 & 2097151 # flip
              FROM unnest(%(flips)s::bigint[]) AS flip))
            OFFSET 0)
          UNION ALL
          (SELECT * FROM images WHERE crawl_job_id = %(job_id)s AND NOT is_duplicate
            AND (images.phash >> 42 & 4194303) = ANY (ARRAY(
              SELECT probe.phash >> 42 & 4194303 # flip
              FROM unnest(%(flips)s::bigint[]) AS flip))
            OFFSET 0)
        ) AS i
        JOIN crawl_candidates AS c ON c.image_id = i.id
        WHERE bit_count((i.phash # probe.phash)::bit(64)) <= %(bits)s
        """,
        {"job_id": job_id, "bits": bits, "phashes": list(phashes), "flips": flips(bits)},
    )


async def insert_images(
    transaction: Transaction, job_id: int, rows: Sequence[tuple[int, ImageFacts, bool]]
) -> dict[int, int]:
    """Adds images with the provenance of their candidates; image ids by candidate id."""
    cursor = await transaction.connection.execute(
        """
        WITH new AS (
          SELECT * FROM unnest(
            %(candidates)s::bigint[], %(hashes)s::text[], %(phashes)s::bigint[],
            %(formats)s::text[], %(widths)s::int[], %(heights)s::int[], %(sizes)s::int[],
            %(blobs)s::text[], %(duplicates)s::bool[], %(etags)s::text[]
          ) AS t (candidate_id, hash, phash, format, width, height, size, blob, is_duplicate, etag)
        ),
        added AS (
          INSERT INTO images
            (crawl_job_id, original_url, filename, storage_url, width, height, file_size, format,
             hash, phash, is_duplicate, keyword, engine, source_page_url, creator, license,
             license_url, attribution, labels, metadata)
          SELECT %(job_id)s, c.url, new.hash || '.' || new.format, new.blob, new.width,
            new.height, new.size, new.format, new.hash, new.phash, new.is_duplicate, c.keyword,
            c.engine, c.source_page_url, c.creator, c.license, c.license_url, c.attribution,
            jsonb_build_array(label_of(j.categories, c.keyword)),
            jsonb_strip_nulls(jsonb_build_object('title', c.title, 'etag', new.etag,
              'license_proof', nullif(jsonb_strip_nulls(jsonb_build_object(
                'stated', c.license_stated, 'address', a.address, 'sha256', a.sha256,
                'at', to_char(a.answered_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
              )), '{}')))
          FROM new JOIN crawl_candidates AS c ON c.id = new.candidate_id
            JOIN crawl_jobs AS j ON j.id = c.job_id
            LEFT JOIN crawl_answers AS a ON a.id = c.answer_id
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
            "etags": [image.etag for _, image, _ in rows],
            "duplicates": [is_duplicate for _, _, is_duplicate in rows],
        },
    )
    return {row["candidate_id"]: row["id"] for row in await cursor.fetchall()}


async def write_verdicts(transaction: Transaction, verdicts: Sequence[Verdict]) -> None:
    """Notes of which image each one is a copy, if any, and which candidate it is known by."""
    await transaction.connection.execute(
        """
        UPDATE images SET is_duplicate = v.is_duplicate, duplicate_of = v.original_id,
          original_url = c.url, keyword = c.keyword, engine = c.engine,
          source_page_url = c.source_page_url, creator = c.creator, license = c.license,
          license_url = c.license_url, attribution = c.attribution,
          labels = jsonb_build_array(coalesce(reviewed_label, label_of(j.categories, c.keyword))),
          -- An ETag is one of its URL.
          metadata = jsonb_strip_nulls(jsonb_build_object('title', c.title, 'etag',
            CASE WHEN original_url = c.url THEN metadata ->> 'etag' END,
            'license_proof', nullif(jsonb_strip_nulls(jsonb_build_object(
              'stated', c.license_stated, 'address', a.address, 'sha256', a.sha256,
              'at', to_char(a.answered_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
            )), '{}')))
        FROM unnest(%(images)s::int[], %(candidates)s::bigint[], %(duplicates)s::bool[],
            %(originals)s::int[]) AS v (image_id, candidate_id, is_duplicate, original_id)
          JOIN crawl_candidates AS c ON c.id = v.candidate_id
          JOIN crawl_jobs AS j ON j.id = c.job_id
          LEFT JOIN crawl_answers AS a ON a.id = c.answer_id
        WHERE images.id = v.image_id
        """,
        {
            "images": [verdict.image_id for verdict in verdicts],
            "candidates": [verdict.candidate_id for verdict in verdicts],
            "duplicates": [verdict.is_duplicate for verdict in verdicts],
            "originals": [verdict.duplicate_of for verdict in verdicts],
        },
    )


async def put_back(transaction: Transaction, candidate_ids: Sequence[int]) -> None:
    """Takes candidates out of their chunk, for another one."""
    await transaction.connection.execute(
        "UPDATE crawl_candidates SET chunk_id = NULL WHERE id = ANY(%(ids)s)",
        {"ids": list(candidate_ids)},
    )


async def drop_images(transaction: Transaction, image_ids: Sequence[int]) -> None:
    """Forgets images; their blobs are left to the sweep at the job's end."""
    await transaction.connection.execute(
        "DELETE FROM images WHERE id = ANY(%(ids)s)", {"ids": list(image_ids)}
    )


async def settle_candidates(
    transaction: Transaction, rows: Sequence[tuple[int, str, str | None, int | None, str | None]]
) -> None:
    """Writes outcome, detail, image and, of a stray copy, the sha256 of each candidate."""
    await transaction.connection.execute(
        """
        UPDATE crawl_candidates SET outcome = t.outcome, outcome_detail = t.detail,
          image_id = t.image_id, copy_hash = t.copy_hash
        FROM unnest(%(ids)s::bigint[], %(outcomes)s::text[], %(details)s::text[],
          %(images)s::int[], %(copies)s::text[]) AS t (id, outcome, detail, image_id, copy_hash)
        WHERE crawl_candidates.id = t.id
        """,
        {
            "ids": [row[0] for row in rows],
            "outcomes": [row[1] for row in rows],
            "details": [row[2] for row in rows],
            "images": [row[3] for row in rows],
            "copies": [row[4] for row in rows],
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


async def known_hashes(transaction: Transaction, job_id: int, hashes: list[str]) -> set[str]:
    """Which of these bytes the job has stored."""
    cursor = await transaction.connection.execute(
        "SELECT hash FROM images WHERE crawl_job_id = %(job_id)s AND hash = ANY(%(hashes)s)",
        {"job_id": job_id, "hashes": hashes},
    )
    return {row["hash"] for row in await cursor.fetchall()}
