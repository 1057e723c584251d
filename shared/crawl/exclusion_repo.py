"""Looking up what a job must not resemble: images of other datasets of its owner."""

from collections.abc import Sequence

from shared.crawl.model import ImageFacts
from shared.imaging.hash_thirds import flips
from shared.platform.data.db import Transaction


async def find_similar(
    transaction: Transaction,
    job_id: int,
    references: Sequence[str],
    images: Sequence[ImageFacts],
    *,
    bits: int,
) -> dict[str, str]:
    """Which of the images, by sha256, are equal or within ``bits`` to one of these datasets.

    Each with the reference of one that it resembles: ``42`` for what job 42 has, without what its
    owner has dropped, ``42@3`` for its third version. Other people's do not count. Looked up by
    the indexes that `find_near` uses, at a cost that does not grow with the datasets.
    """
    jobs, _, numbers = zip(*(reference.partition("@") for reference in references), strict=True)
    cursor = await transaction.connection.execute(
        """
        WITH excluded AS MATERIALIZED (
          SELECT reference, j.id AS job_id, v.id AS version_id
          FROM unnest(%(references)s::text[], %(jobs)s::int[], %(numbers)s::int[])
            AS e (reference, job_id, number)
          JOIN crawl_jobs AS j ON j.id = e.job_id
          JOIN projects AS p ON p.id = j.project_id
          LEFT JOIN dataset_versions AS v ON v.job_id = j.id AND v.number = e.number
          WHERE (e.number IS NULL OR v.id IS NOT NULL) AND p.user_id = (
            SELECT user_id FROM projects JOIN crawl_jobs AS own ON own.project_id = projects.id
            WHERE own.id = %(job_id)s)
        )
        SELECT DISTINCT ON (probe.sha256) probe.sha256, excluded.reference
        FROM unnest(%(hashes)s::text[], %(phashes)s::bigint[]) AS probe (sha256, phash)
        CROSS JOIN excluded
        CROSS JOIN LATERAL (
          (SELECT * FROM images WHERE crawl_job_id = excluded.job_id AND hash = probe.sha256
            OFFSET 0)
          UNION ALL
          (SELECT * FROM images WHERE crawl_job_id = excluded.job_id AND NOT is_duplicate
            AND (images.phash & 2097151) = ANY (ARRAY(
              SELECT probe.phash & 2097151 # flip FROM unnest(%(flips)s::bigint[]) AS flip))
            OFFSET 0)
          UNION ALL
          (SELECT * FROM images WHERE crawl_job_id = excluded.job_id AND NOT is_duplicate
            AND (images.phash >> 21 & 2097151) = ANY (ARRAY(
              SELECT probe.phash >> 21 & 2097151 # flip
              FROM unnest(%(flips)s::bigint[]) AS flip))
            OFFSET 0)
          UNION ALL
          (SELECT * FROM images WHERE crawl_job_id = excluded.job_id AND NOT is_duplicate
            AND (images.phash >> 42 & 4194303) = ANY (ARRAY(
              SELECT probe.phash >> 42 & 4194303 # flip
              FROM unnest(%(flips)s::bigint[]) AS flip))
            OFFSET 0)
        ) AS i
        WHERE (i.hash = probe.sha256 OR bit_count((i.phash # probe.phash)::bit(64)) <= %(bits)s)
          AND CASE WHEN version_id IS NULL THEN decision IS DISTINCT FROM 'drop'
            -- With EXISTS all versions of everybody would be read into a hash.
            ELSE (SELECT true FROM dataset_version_images AS m
              WHERE m.image_id = i.id AND m.version_id = excluded.version_id LIMIT 1) END
        ORDER BY probe.sha256, excluded.reference
        """,
        {
            "job_id": job_id,
            "references": list(references),
            "jobs": list(map(int, jobs)),
            "numbers": [int(number) if number else None for number in numbers],
            "hashes": [image.sha256 for image in images],
            "phashes": [image.phash for image in images],
            "bits": bits,
            "flips": flips(bits),
        },
    )
    return {row["sha256"]: row["reference"] for row in await cursor.fetchall()}
