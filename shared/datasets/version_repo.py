"""The tables ``dataset_versions`` and ``dataset_version_images``."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from shared.platform.data.db import Transaction


@dataclass(frozen=True, slots=True)
class Changes:
    """How many images differ between two versions, and some ``shown``."""

    added: int
    removed: int
    relabelled: int
    moved: int
    shown: list[dict[str, Any]]


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


async def compare(
    transaction: Transaction, before: int | None, after: int, *, most: int = 0
) -> Changes:
    """In which images two versions differ; all are added without one ``before``.

    Up to so many are shown, by hash, with label and split in either.
    """
    (changes,) = await transaction.fetch(
        Changes,
        """
        WITH change AS (
          SELECT sha256, coalesce(n.image_id, o.image_id) AS image_id, o.label AS label_before,
            n.label, o.split AS split_before, n.split
          FROM (SELECT * FROM dataset_version_images WHERE version_id = %(before)s) AS o
          FULL JOIN (SELECT * FROM dataset_version_images WHERE version_id = %(after)s) AS n
            USING (sha256)
          WHERE (o.label, o.split) IS DISTINCT FROM (n.label, n.split)
        )
        SELECT count(*) FILTER (WHERE label_before IS NULL) AS added,
          count(*) FILTER (WHERE label IS NULL) AS removed,
          count(*) FILTER (WHERE label <> label_before) AS relabelled,
          count(*) FILTER (WHERE split <> split_before) AS moved,
          (SELECT coalesce(jsonb_agg(listed ORDER BY sha256), '[]') FROM (
            SELECT * FROM change ORDER BY sha256 LIMIT %(most)s) AS listed) AS shown
        FROM change
        """,
        {"before": before, "after": after, "most": most},
    )
    return changes


async def insert_version(transaction: Transaction, job_id: int, number: int, **fields: Any) -> int:
    """Adds a version that has no images yet; its id."""
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
