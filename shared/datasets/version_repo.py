"""The tables ``dataset_versions`` and ``dataset_version_images``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from shared.datasets.schemas import Change
from shared.datasets.splits import Split
from shared.platform.data.db import Transaction


@dataclass(frozen=True, slots=True)
class Row:
    """An image of a version."""

    image_id: int | None
    sha256: str
    label: str
    split: Split


@dataclass(frozen=True, slots=True)
class Version:
    """A version. ``counts`` are images by split and label."""

    id: int
    job_id: int
    number: int
    semantic_version: str
    split: dict[str, Any] | None
    include_duplicates: bool
    hash: str
    counts: dict[str, dict[str, int]]
    left_out: dict[str, int]
    withdrawn: int
    created_at: datetime


async def list_versions(
    transaction: Transaction,
    job_id: int,
    *,
    number: int | None = None,
    below: int = 2**31 - 1,
    limit: int,
) -> list[Version]:
    """Up to ``limit`` versions of the dataset with numbers under ``below``, newest first."""
    return await transaction.fetch(
        Version,
        """
        SELECT v.id, job_id, number, semantic_version, split, include_duplicates, hash, counts,
          left_out, created_at, (SELECT count(*) FROM dataset_version_images AS i
            WHERE i.version_id = v.id AND image_id IS NULL) AS withdrawn
        FROM dataset_versions AS v
        WHERE job_id = %(job_id)s AND number < %(below)s
          AND (%(number)s::int IS NULL OR number = %(number)s)
        ORDER BY number DESC LIMIT %(limit)s
        """,
        {"job_id": job_id, "number": number, "below": min(below, 2**31 - 1), "limit": limit},
    )


async def list_splits(
    transaction: Transaction, job_id: int, split: dict[str, Any] | None
) -> dict[str, Split]:
    """The split of each image, by sha256, in the last version that was split the same way."""
    cursor = await transaction.connection.execute(
        """
        SELECT sha256, split FROM dataset_version_images WHERE version_id = (
          SELECT id FROM dataset_versions
          WHERE job_id = %(job_id)s AND split IS NOT DISTINCT FROM %(split)s
          ORDER BY number DESC LIMIT 1)
        """,
        {"job_id": job_id, "split": _json(split)},
    )
    return {row["sha256"]: row["split"] for row in await cursor.fetchall()}


async def list_changes(transaction: Transaction, before: int | None, after: int) -> list[Change]:
    """The images in which two versions differ, by hash; all images without one ``before``."""
    return await transaction.fetch(
        Change,
        """
        SELECT sha256, coalesce(n.image_id, o.image_id) AS image_id, o.label AS label_before,
          n.label, o.split AS split_before, n.split
        FROM (SELECT * FROM dataset_version_images WHERE version_id = %(before)s) AS o
        FULL JOIN (SELECT * FROM dataset_version_images WHERE version_id = %(after)s) AS n
          USING (sha256)
        WHERE (o.label, o.split) IS DISTINCT FROM (n.label, n.split)
        ORDER BY sha256
        """,
        {"before": before, "after": after},
    )


async def insert_version(
    transaction: Transaction,
    job_id: int,
    number: int,
    rows: Sequence[Row],
    **fields: Any,
) -> int:
    """Adds a version with its images; its id."""
    cursor = await transaction.connection.execute(
        """
        INSERT INTO dataset_versions (job_id, number, semantic_version, split,
          include_duplicates, hash, counts, left_out)
        VALUES (%(job_id)s, %(number)s, %(semantic_version)s, %(split)s, %(include_duplicates)s,
          %(hash)s, %(counts)s, %(left_out)s)
        RETURNING id
        """,
        {
            **fields,
            "job_id": job_id,
            "number": number,
            **{name: _json(fields[name]) for name in ("split", "counts", "left_out")},
        },
    )
    (added,) = await cursor.fetchall()
    await transaction.connection.execute(
        """
        INSERT INTO dataset_version_images (version_id, position, image_id, sha256, label, split)
        SELECT %(version_id)s, position - 1, image_id, sha256, label, split
        FROM unnest(%(images)s::int[], %(hashes)s::text[], %(labels)s::text[], %(splits)s::text[])
          WITH ORDINALITY AS t (image_id, sha256, label, split, position)
        """,
        {
            "version_id": added["id"],
            "images": [row.image_id for row in rows],
            "hashes": [row.sha256 for row in rows],
            "labels": [row.label for row in rows],
            "splits": [row.split for row in rows],
        },
    )
    return int(added["id"])


async def set_semantic_version(
    transaction: Transaction, version_id: int, semantic_version: str
) -> None:
    """Gives a new version its semantic version."""
    await transaction.connection.execute(
        "UPDATE dataset_versions SET semantic_version = %(version)s WHERE id = %(id)s",
        {"id": version_id, "version": semantic_version},
    )


def _json(value: Any) -> Jsonb | None:
    return None if value is None else Jsonb(value)
