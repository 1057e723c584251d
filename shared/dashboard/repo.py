"""The figures of the dashboard, from all tables at once."""

from uuid import UUID

from psycopg.rows import class_row

from shared.dashboard.schemas import DashboardOut
from shared.platform.db import Transaction


async def load_stats(transaction: Transaction, user_id: UUID) -> DashboardOut:
    """The user's figures, in one query."""
    async with transaction.connection.cursor(row_factory=class_row(DashboardOut)) as cursor:
        await cursor.execute(
            """
            WITH own AS (
              SELECT id FROM projects WHERE user_id = %(user_id)s AND status <> 'deleted'
            ),
            jobs AS (
              SELECT id, status FROM crawl_jobs WHERE project_id IN (SELECT id FROM own)
            ),
            kept AS (
              SELECT count(*) FILTER (WHERE NOT is_duplicate) AS images,
                coalesce(sum(file_size), 0)::bigint AS storage_bytes
              FROM images WHERE crawl_job_id IN (SELECT id FROM jobs)
            ),
            account AS (
              SELECT coalesce(sum(current_balance), 0)::int AS credits,
                coalesce(sum(reserved_balance), 0)::int AS credits_reserved
              FROM credit_accounts WHERE user_id = %(user_id)s
            )
            SELECT (SELECT count(*) FROM own) AS projects,
              (SELECT count(*) FROM jobs) AS jobs,
              (SELECT count(*) FROM jobs WHERE status = 'running') AS active_jobs,
              kept.*, account.*,
              (SELECT count(*) FROM notifications
               WHERE user_id = %(user_id)s AND NOT is_read) AS unread_notifications
            FROM kept, account
            """,
            {"user_id": user_id},
        )
        return (await cursor.fetchall())[0]
