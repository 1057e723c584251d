"""What people and crawls say of images: labels and decisions, in ``images``, and where they differ.

The crawl's tables are read too, for what was found twice has one row in ``images``.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from shared.images.schemas import ConflictOut
from shared.platform.data.db import Transaction


async def write_review(
    transaction: Transaction, job_id: int, image_ids: Sequence[int], changes: dict[str, Any]
) -> set[int]:
    """Notes the ``label`` and ``decision`` of images of a locked job; which of them it has.

    None takes back what was said: the label is the crawl's again.
    """
    cursor = await transaction.connection.execute(
        """
        UPDATE images AS i SET reviewed_label = said.label, decision = said.decision,
          labels = jsonb_build_array(coalesce(said.label, said.crawl_label, '')),
          reviewed_at = CASE WHEN num_nonnulls(said.label, said.decision) > 0 THEN now() END
        FROM (
          SELECT images.id, label_of(j.categories, keyword) AS crawl_label,
            CASE WHEN %(relabels)s THEN %(label)s::text ELSE reviewed_label END AS label,
            CASE WHEN %(decides)s THEN %(decision)s::text ELSE decision END AS decision
          FROM images JOIN crawl_jobs AS j ON j.id = crawl_job_id
          WHERE crawl_job_id = %(job_id)s AND images.id = ANY(%(ids)s)
        ) AS said
        WHERE i.id = said.id
        RETURNING i.id
        """,
        {
            "job_id": job_id,
            "ids": list(image_ids),
            "relabels": "label" in changes,
            "label": changes.get("label"),
            "decides": "decision" in changes,
            "decision": changes.get("decision"),
        },
    )
    return {row["id"] for row in await cursor.fetchall()}


async def list_conflicts(
    transaction: Transaction, user_id: UUID, job_id: int, *, below: int, limit: int
) -> list[ConflictOut]:
    """Up to ``limit`` pictures of the user's job that have two labels, newest first.

    Their places are 64 for each image: one for every label of the job, which has fewer, under which
    its bytes were found, and one for the image that it nearly is.
    """
    return await transaction.fetch(
        ConflictOut,
        """
        WITH named AS (
          SELECT keyword, label, min(position) OVER (PARTITION BY label) AS place
          FROM (
            SELECT k.keyword, position, label_of(j.categories, k.keyword) AS label
            FROM crawl_keywords AS k
            JOIN crawl_jobs AS j ON j.id = k.job_id
            JOIN projects AS p ON p.id = j.project_id
            WHERE j.id = %(job_id)s AND p.user_id = %(user_id)s
          ) AS of_job
        ),
        exact AS (
          SELECT DISTINCT i.id::bigint * 64 + named.place AS place, i.id AS image_id,
            coalesce(i.labels ->> 0, i.keyword) AS label, named.label AS other_label,
            NULL::int AS other_image_id, 'exact' AS kind
          FROM crawl_candidates AS c
          JOIN named ON named.keyword = c.keyword
          -- OFFSET 0: by the index, one by one. Else all images of the table are read for it.
          CROSS JOIN LATERAL (
            SELECT * FROM images WHERE crawl_job_id = %(job_id)s AND hash = c.copy_hash OFFSET 0
          ) AS i
          WHERE c.job_id = %(job_id)s AND c.copy_hash IS NOT NULL
            AND i.keyword <> c.keyword AND i.reviewed_label IS NULL
            AND coalesce(i.labels ->> 0, i.keyword) <> named.label
            AND i.id::bigint * 64 + named.place < %(below)s
          ORDER BY 1 DESC LIMIT %(limit)s
        ),
        near AS (
          SELECT i.id::bigint * 64 + 63 AS place, i.id AS image_id,
            coalesce(i.labels ->> 0, i.keyword) AS label,
            coalesce(o.labels ->> 0, o.keyword) AS other_label, o.id AS other_image_id,
            'near' AS kind
          FROM images AS i JOIN images AS o ON o.id = i.duplicate_of
          WHERE i.crawl_job_id = %(job_id)s AND EXISTS (SELECT FROM named)
            AND coalesce(i.labels ->> 0, i.keyword) <> coalesce(o.labels ->> 0, o.keyword)
            AND i.id <= (%(below)s::bigint - 64) / 64
          ORDER BY i.id DESC LIMIT %(limit)s
        )
        SELECT * FROM exact UNION ALL SELECT * FROM near ORDER BY place DESC LIMIT %(limit)s
        """,
        {"job_id": job_id, "user_id": user_id, "below": below, "limit": limit},
    )
