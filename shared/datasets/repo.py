"""What jobs have made, as datasets."""

from typing import Any
from uuid import UUID

from shared.datasets.schemas import DatasetOut
from shared.platform.data.db import Transaction


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
        SELECT coalesce(labels ->> 0, keyword, '') AS label,
          coalesce(license, 'unknown') AS license, count(*) AS images,
          sum(file_size)::bigint AS bytes
        FROM images
        WHERE crawl_job_id = %(job_id)s AND NOT is_duplicate AND decision IS DISTINCT FROM 'drop'
        GROUP BY 1, 2 ORDER BY 1, 2
        """,
        {"job_id": job_id},
    )
    return await cursor.fetchall()


async def has_more_images(transaction: Transaction, job_id: int, most: int) -> bool:
    """Whether the job has more images than that, whatever becomes of them in a version."""
    cursor = await transaction.connection.execute(
        "SELECT id FROM images WHERE crawl_job_id = %(job_id)s OFFSET %(most)s LIMIT 1",
        {"job_id": job_id, "most": most},
    )
    return await cursor.fetchone() is not None
