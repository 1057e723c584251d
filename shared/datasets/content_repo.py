"""What is told of the images of a version, or of a dataset as it is now."""

from array import array
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, Final

from shared.exports.layout import SplitImages
from shared.exports.model import Record
from shared.platform.data.db import Transaction

ROWS_AT_ONCE: Final = 10_000


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """A version and what it was made of."""

    job_id: int
    keywords: list[str]
    number: int
    semantic_version: str
    hash: str
    created_at: datetime
    counts: dict[str, dict[str, int]]
    left_out: dict[str, int]


async def get_version_facts(transaction: Transaction, version_id: int) -> VersionFacts:
    """The version, which must be there."""
    (found,) = await transaction.fetch(
        VersionFacts,
        """
        SELECT v.job_id, j.keywords, number, semantic_version, hash, v.created_at, counts, left_out
        FROM dataset_versions AS v JOIN crawl_jobs AS j ON j.id = v.job_id
        WHERE v.id = %(id)s
        """,
        {"id": version_id},
    )
    return found


async def list_sizes(transaction: Transaction, version_id: int) -> dict[str, SplitImages]:
    """The sizes of the images of each split, in order."""
    found: dict[str, SplitImages] = {}
    async with transaction.connection.cursor(name="sizes") as cursor:
        cursor.itersize = 1
        await cursor.execute(
            """
            SELECT split, min(position) AS first,
              array_agg(coalesce(file_size, 0) ORDER BY position) AS sizes
            FROM dataset_version_images AS v LEFT JOIN images ON images.id = image_id
            WHERE version_id = %(id)s GROUP BY split, position / %(count)s ORDER BY first
            """,
            {"id": version_id, "count": ROWS_AT_ONCE},
        )
        async for row in cursor:
            images = found.setdefault(row["split"], SplitImages(row["first"], array("q")))
            images.sizes.extend(row["sizes"])
    return found


async def list_formats(transaction: Transaction, version_id: int) -> list[str]:
    """The file formats of the images of a version."""
    cursor = await transaction.connection.execute(
        """
        SELECT DISTINCT format FROM dataset_version_images AS v
        JOIN images AS i ON i.id = v.image_id WHERE version_id = %(id)s ORDER BY format
        """,
        {"id": version_id},
    )
    return [row["format"] for row in await cursor.fetchall()]


async def list_records(
    transaction: Transaction, version_id: int, first: int, last: int
) -> list[Record]:
    """The images of a version from one position to another, in order; those withdrawn are not
    among them."""
    return await transaction.fetch(
        Record,
        """
        SELECT v.position, v.image_id, v.split, v.label, v.sha256, i.storage_url AS blob_name,
          i.format, i.width, i.height, i.file_size AS bytes,
          lpad(to_hex(i.phash), 16, '0') AS phash, i.keyword, i.metadata ->> 'title' AS caption,
          CASE WHEN i.metadata ? 'title' THEN i.engine END AS caption_source, i.license,
          i.license_url, i.metadata #>> '{license_proof,stated}' AS license_stated,
          i.metadata #>> '{license_proof,address}' AS license_answer_url,
          i.metadata #>> '{license_proof,at}' AS license_answer_date,
          i.metadata #>> '{license_proof,sha256}' AS license_answer_sha256,
          i.creator, i.attribution, i.engine AS source, i.source_page_url AS source_page,
          i.original_url AS url
        FROM dataset_version_images AS v JOIN images AS i ON i.id = v.image_id
        WHERE version_id = %(id)s AND v.position BETWEEN %(first)s AND %(last)s
        ORDER BY v.position
        """,
        {"id": version_id, "first": first, "last": last},
    )


async def list_blobs(
    transaction: Transaction, version_id: int, job_id: int, names: list[str]
) -> set[str]:
    """Which of these blobs of a job are images of its version; they are called by their hashes."""
    cursor = await transaction.connection.execute(
        """
        SELECT storage_url FROM images AS i JOIN dataset_version_images AS v ON v.image_id = i.id
        WHERE crawl_job_id = %(job_id)s AND hash = ANY(%(hashes)s) AND version_id = %(id)s
        """,
        {
            "id": version_id,
            "job_id": job_id,
            "hashes": [PurePosixPath(name).stem for name in names],
        },
    )
    return {row["storage_url"] for row in await cursor.fetchall()}


async def count_facets(
    transaction: Transaction, *, version_id: int | None = None, job_id: int | None = None
) -> list[dict[str, Any]]:
    """The images of a version, or those of a dataset that are no duplicates and were not dropped.

    By ``kind``, ``name`` and ``of``, the most frequent first: ``images`` by licence and label, by
    licence's address, source, format and domain; the bytes by split; of each size its least, median
    and greatest value.
    """
    cursor = await transaction.connection.execute(
        """
        WITH member AS (
          SELECT v.image_id AS id, v.label, v.split FROM dataset_version_images AS v
          WHERE v.version_id = %(version_id)s
          UNION ALL SELECT id, coalesce(labels ->> 0, keyword, ''), '' FROM images
          WHERE crawl_job_id = %(job_id)s AND NOT is_duplicate AND decision IS DISTINCT FROM 'drop'
        ),
        facts AS (
          SELECT coalesce(i.license, 'unknown') AS license, i.license_url, label, split,
            i.file_size, i.width, i.height, coalesce(i.engine, 'unknown') AS source,
            coalesce(i.format, 'unknown') AS format,
            lower(substring(i.original_url FROM '^[a-z]+://(?:[^/@]*@)?([^/:?#]+)')) AS domain
          FROM member JOIN images AS i USING (id)
        ),
        sizes AS (
          SELECT name, values FROM (
            SELECT percentile_disc(%(parts)s) WITHIN GROUP (ORDER BY width) AS width,
              percentile_disc(%(parts)s) WITHIN GROUP (ORDER BY height) AS height,
              percentile_disc(%(parts)s) WITHIN GROUP (ORDER BY file_size) AS bytes
            FROM facts
          ) AS measured,
          LATERAL (VALUES ('width', width), ('height', height), ('bytes', bytes))
            AS size (name, values)
        )
        SELECT 'license' AS kind, license AS name, label AS "of", count(*) AS images
        FROM facts GROUP BY license, label
        UNION ALL SELECT 'license_url', license, license_url, count(*) FROM facts
        WHERE license_url IS NOT NULL GROUP BY license, license_url
        UNION ALL SELECT 'bytes', split, NULL, coalesce(sum(file_size), 0) FROM facts GROUP BY split
        UNION ALL SELECT 'source', source, NULL, count(*) FROM facts GROUP BY source
        UNION ALL SELECT 'format', format, NULL, count(*) FROM facts GROUP BY format
        UNION ALL (SELECT 'domain', coalesce(domain, 'unknown'), NULL, count(*) FROM facts
          GROUP BY domain ORDER BY count(*) DESC, domain LIMIT 100)
        UNION ALL SELECT 'size', name, part, value
        FROM sizes, unnest(ARRAY['min', 'median', 'max'], values) AS told (part, value)
        WHERE value IS NOT NULL
        ORDER BY kind, images DESC, name, "of"
        """,
        {"version_id": version_id, "job_id": job_id, "parts": [0.0, 0.5, 1.0]},
    )
    return await cursor.fetchall()


async def list_first_of(
    transaction: Transaction, version_id: int, labels: list[str], *, each: int
) -> list[tuple[str, str]]:
    """Label and blob of the first images of each of these labels."""
    cursor = await transaction.connection.execute(
        """
        SELECT label, i.storage_url AS blob_name FROM unnest(%(labels)s::text[]) AS of (name)
        CROSS JOIN LATERAL (SELECT label, image_id, position FROM dataset_version_images
          WHERE version_id = %(id)s AND label = of.name ORDER BY position LIMIT %(each)s) AS v
        JOIN images AS i ON i.id = v.image_id ORDER BY label, v.position
        """,
        {"id": version_id, "labels": labels, "each": each},
    )
    return [(row["label"], row["blob_name"]) for row in await cursor.fetchall()]
