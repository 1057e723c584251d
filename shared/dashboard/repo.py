"""The figures of the dashboard, from all tables at once."""

from uuid import UUID

from shared.dashboard.schemas import DashboardOut
from shared.platform.data.db import Transaction


async def load_stats(transaction: Transaction, user_id: UUID) -> DashboardOut:
    """The user's figures, in one query."""
    return (
        await transaction.fetch(
            DashboardOut,
            """
        WITH own AS (
          SELECT id FROM projects WHERE user_id = %(user_id)s AND status <> 'deleted'
        ),
        jobs AS (
          SELECT id, status, valid_images FROM crawl_jobs
          WHERE project_id IN (SELECT id FROM own)
        ),
        kept AS (
          SELECT count(*) FILTER (WHERE NOT is_duplicate) AS images,
            coalesce(sum(file_size), 0)::bigint AS storage_bytes,
            count(*) FILTER (WHERE created_at > now() - interval '1 minute') AS recent
          FROM images WHERE crawl_job_id IN (SELECT id FROM jobs)
        ),
        work AS (
          SELECT (SELECT count(*) FROM own) AS projects, count(*) AS jobs,
            count(*) FILTER (WHERE status = 'running') AS active_jobs,
            count(*) FILTER (WHERE valid_images > 0) AS total_datasets
          FROM jobs
        ),
        account AS (
          SELECT coalesce(sum(current_balance), 0)::int AS credits,
            coalesce(sum(reserved_balance), 0)::int AS credits_reserved
          FROM credit_accounts WHERE user_id = %(user_id)s
        )
        SELECT work.*, images, storage_bytes, account.*,
          (SELECT count(*) FROM notifications
           WHERE user_id = %(user_id)s AND NOT is_read) AS unread_notifications,
          projects AS total_projects, images AS total_images, credits AS credits_remaining,
          trim_scale(round(storage_bytes / 1e9, 2)) || ' GB' AS storage_used,
          recent || '/min' AS processing_speed
        FROM work, kept, account
        """,
            {"user_id": user_id},
        )
    )[0]
