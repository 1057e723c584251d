"""What resembles what in a dataset: the figures that reports have and nothing else needs."""

from shared.datasets.report_schemas import DuplicatesOut
from shared.platform.data.db import Transaction


async def count_near(transaction: Transaction, version_id: int) -> list[DuplicatesOut]:
    """Images of a version that are near-duplicates of another one in it, by both labels."""
    return await transaction.fetch(
        DuplicatesOut,
        """
        SELECT 'near' AS kind, v.label, o.label AS other_label, count(*) AS images
        FROM dataset_version_images AS v JOIN images AS i ON i.id = v.image_id
        JOIN dataset_version_images AS o
          ON o.version_id = v.version_id AND o.image_id = i.duplicate_of
        WHERE v.version_id = %(id)s
        GROUP BY v.label, o.label ORDER BY images DESC, v.label, o.label
        """,
        {"id": version_id},
    )


async def count_duplicates(transaction: Transaction, job_id: int) -> list[DuplicatesOut]:
    """What a job found twice, by the labels of what was found again and of what was there.

    ``near`` are images that resemble another one, ``exact`` candidates whose bytes are an image
    of another keyword.
    """
    return await transaction.fetch(
        DuplicatesOut,
        """
        SELECT 'near' AS kind, coalesce(i.labels ->> 0, i.keyword, '') AS label,
          coalesce(o.labels ->> 0, o.keyword, '') AS other_label, count(*) AS images
        FROM images AS i
        JOIN images AS o ON o.id = i.duplicate_of AND o.crawl_job_id = i.crawl_job_id
        WHERE i.crawl_job_id = %(id)s GROUP BY 2, 3
        UNION ALL
        SELECT 'exact', label_of(j.categories, c.keyword), coalesce(o.labels ->> 0, o.keyword, ''),
          count(*)
        FROM crawl_candidates AS c JOIN crawl_jobs AS j ON j.id = c.job_id
        JOIN images AS o ON o.crawl_job_id = c.job_id AND o.hash = c.copy_hash
        -- An image may move to the keyword of a copy that was found earlier.
        WHERE c.job_id = %(id)s AND c.copy_hash IS NOT NULL AND o.keyword <> c.keyword
        GROUP BY 2, 3
        ORDER BY images DESC, kind, label, other_label
        """,
        {"id": job_id},
    )


async def count_left_out(transaction: Transaction, job_id: int) -> dict[str, int]:
    """Images of a job that a version leaves out unless it is asked for duplicates, by reason.

    Which ones a split leaves out is known when it is made.
    """
    cursor = await transaction.connection.execute(
        """
        SELECT CASE WHEN decision = 'drop' THEN 'dropped' ELSE 'duplicate' END AS reason,
          count(*) AS images
        FROM images WHERE crawl_job_id = %(id)s AND (is_duplicate OR decision = 'drop')
        GROUP BY 1 ORDER BY 1
        """,
        {"id": job_id},
    )
    return {row["reason"]: row["images"] for row in await cursor.fetchall()}
