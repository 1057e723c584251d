"""What jobs have made, as datasets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.datasets.schemas import DatasetOut
from shared.imaging.hash_thirds import flips
from shared.platform.data.db import Transaction


@dataclass(frozen=True, slots=True)
class Candidate:
    """An image of a job that may become part of a version."""

    id: int
    sha256: str
    label: str
    is_duplicate: bool
    is_dropped: bool


async def list_datasets(
    transaction: Transaction,
    user_id: UUID,
    *,
    dataset_id: int | None = None,
    name: str | None = None,
    project_id: int | None = None,
    below: int = 2**31,
    offset: int = 0,
    limit: int,
) -> list[DatasetOut]:
    """Up to ``limit`` datasets of the user with ids under ``below``, newest first."""
    return await transaction.fetch(
        DatasetOut,
        """
        SELECT j.id, j.name, j.project_id, j.status, j.valid_images AS total_images,
          (SELECT max(number) FROM dataset_versions WHERE job_id = j.id) AS last_version,
          j.created_at, j.updated_at
        FROM crawl_jobs AS j JOIN projects AS p ON p.id = j.project_id
        WHERE p.user_id = %(user_id)s AND j.id < %(below)s
          AND (j.valid_images > 0 OR EXISTS (
            SELECT FROM dataset_versions WHERE job_id = j.id))
          AND (%(dataset_id)s::int IS NULL OR j.id = %(dataset_id)s)
          AND (%(name)s::text IS NULL OR j.name = %(name)s)
          AND (%(project_id)s::int IS NULL OR j.project_id = %(project_id)s)
        ORDER BY j.id DESC OFFSET %(offset)s LIMIT %(limit)s
        """,
        {
            "user_id": user_id,
            "dataset_id": dataset_id,
            "name": name,
            "project_id": project_id,
            "below": min(below, 2**31 - 1),
            "offset": offset,
            "limit": limit,
        },
    )


async def count_contents(transaction: Transaction, job_id: int) -> list[dict[str, Any]]:
    """Images that are no duplicates and were not dropped, by label and licence, with bytes."""
    cursor = await transaction.connection.execute(
        """
        SELECT coalesce(labels ->> 0, keyword) AS label, coalesce(license, 'unknown') AS license,
          count(*) AS images, sum(file_size)::bigint AS bytes
        FROM images
        WHERE crawl_job_id = %(job_id)s AND NOT is_duplicate AND decision IS DISTINCT FROM 'drop'
        GROUP BY 1, 2 ORDER BY 1, 2
        """,
        {"job_id": job_id},
    )
    return await cursor.fetchall()


async def has_more_images(transaction: Transaction, job_id: int, most: int) -> bool:
    """Whether the job has more images than that."""
    cursor = await transaction.connection.execute(
        "SELECT id FROM images WHERE crawl_job_id = %(job_id)s OFFSET %(most)s LIMIT 1",
        {"job_id": job_id, "most": most},
    )
    return await cursor.fetchone() is not None


async def list_candidates(transaction: Transaction, job_id: int) -> list[Candidate]:
    """The images of a job of which all is known that an export needs, by hash."""
    return await transaction.fetch(
        Candidate,
        """
        SELECT id, hash AS sha256, coalesce(labels ->> 0, keyword) AS label, is_duplicate,
          decision IS NOT DISTINCT FROM 'drop' AS is_dropped
        FROM images WHERE crawl_job_id = %(job_id)s AND is_valid
          AND coalesce(labels ->> 0, keyword) IS NOT NULL
          AND num_nulls(hash, storage_url, format, width, height, file_size) = 0
        ORDER BY hash
        """,
        {"job_id": job_id},
    )


async def list_near(
    transaction: Transaction, job_id: int, image_ids: Sequence[int], *, bits: int
) -> list[tuple[int, int]]:
    """Pairs of images, the first among ``image_ids``, whose hashes differ in up to ``bits`` (8).

    By thirds of the hash, of which one is the same but for a third of the bits.
    """
    cursor = await transaction.connection.execute(
        """
        WITH thirds AS (
          SELECT id, phash, third, CASE third WHEN 0 THEN phash & 2097151
            WHEN 1 THEN phash >> 21 & 2097151 ELSE phash >> 42 & 4194303 END AS value
          FROM images, generate_series(0, 2) AS third
          WHERE crawl_job_id = %(job_id)s AND phash IS NOT NULL
        )
        SELECT DISTINCT probe.id AS one, found.id AS other
        FROM thirds AS probe CROSS JOIN unnest(%(flips)s::bigint[]) AS flip
        JOIN thirds AS found ON found.third = probe.third AND found.value = probe.value # flip
        WHERE probe.id = ANY(%(ids)s) AND found.id <> probe.id
          AND bit_count((found.phash # probe.phash)::bit(64)) <= %(bits)s
        """,
        {"job_id": job_id, "ids": list(image_ids), "bits": bits, "flips": flips(bits)},
    )
    return [(row["one"], row["other"]) for row in await cursor.fetchall()]
