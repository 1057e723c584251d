"""The table ``usage_metrics``."""

from datetime import date
from uuid import UUID

from shared.platform.data.db import Transaction
from shared.usage.schemas import UsageDay


async def list_days(
    transaction: Transaction, user_id: UUID, *, first: date, last: date
) -> list[UsageDay]:
    """The user's days from ``first`` to ``last``, newest first."""
    return await transaction.fetch(
        UsageDay,
        """
        SELECT metric_date, images_processed, images_limit, storage_used_gb,
          storage_limit_gb, api_calls, api_calls_limit, bandwidth_used_gb,
          bandwidth_limit_gb
        FROM usage_metrics
        WHERE user_id = %(user_id)s AND metric_date BETWEEN %(first)s AND %(last)s
        ORDER BY metric_date DESC
        """,
        {"user_id": user_id, "first": first, "last": last},
    )


async def roll_up(transaction: Transaction, *, days: int) -> int:
    """Recomputes the last ``days`` days from the images themselves; returns how many rows."""
    cursor = await transaction.connection.execute(
        """
        WITH days AS (
          SELECT (now() AT TIME ZONE 'UTC')::date - n AS day
          FROM generate_series(0, %(days)s - 1) AS n
        ),
        daily AS (
          SELECT projects.user_id, (images.created_at AT TIME ZONE 'UTC')::date AS day,
            count(*) AS processed
          FROM images
          JOIN crawl_jobs ON crawl_jobs.id = images.crawl_job_id
          JOIN projects ON projects.id = crawl_jobs.project_id
          WHERE images.created_at >= (SELECT min(day) FROM days)
          GROUP BY 1, 2
        ),
        -- Before the rows of days: who deletes an account takes them in this order, too.
        kept AS (
          SELECT id FROM profiles WHERE id IN (SELECT user_id FROM daily)
          ORDER BY id FOR KEY SHARE
        ),
        stored AS (
          SELECT projects.user_id, sum(images.file_size) / 1e9 AS gigabytes
          FROM images
          JOIN crawl_jobs ON crawl_jobs.id = images.crawl_job_id
          JOIN projects ON projects.id = crawl_jobs.project_id
          WHERE projects.user_id IN (SELECT user_id FROM daily)
          GROUP BY 1
        )
        INSERT INTO usage_metrics (user_id, metric_date, images_processed, storage_used_gb)
        SELECT daily.user_id, daily.day, daily.processed, round(stored.gigabytes::numeric, 2)
        FROM daily JOIN stored USING (user_id) JOIN kept ON kept.id = user_id
        ORDER BY user_id, day
        ON CONFLICT (user_id, metric_date) DO UPDATE SET
          images_processed = EXCLUDED.images_processed,
          storage_used_gb = EXCLUDED.storage_used_gb
        """,
        {"days": days},
    )
    return cursor.rowcount
