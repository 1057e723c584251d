"""What is known of a user before a job of theirs is made."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.platform.data.db import Transaction

RECENT_JOBS = 20


@dataclass(frozen=True, slots=True)
class History:
    """What became of the user's last jobs."""

    jobs: int
    stored: int
    tried: int
    seconds: float


async def owns_project(transaction: Transaction, user_id: UUID, project_id: int) -> bool:
    """Whether the user has a project of that id, in which jobs can be made."""
    cursor = await transaction.connection.execute(
        """
        SELECT FROM projects
        WHERE id = %(project_id)s AND user_id = %(user_id)s AND status <> 'deleted'
        """,
        {"project_id": project_id, "user_id": user_id},
    )
    return await cursor.fetchone() is not None


async def load_history(transaction: Transaction, user_id: UUID) -> History:
    """The user's last jobs that came to their end at the first attempt.

    Without those that refused licences: that share says nothing about pictures.
    """
    (history,) = await transaction.fetch(
        History,
        """
        SELECT count(*) AS jobs, coalesce(sum(stored), 0)::int AS stored,
          coalesce(sum(tried), 0)::int AS tried, coalesce(sum(seconds), 0)::float AS seconds
        FROM (
          SELECT valid_images AS stored,
            valid_images + duplicate_images + rejected_images AS tried,
            extract(epoch FROM completed_at - started_at) AS seconds
          FROM crawl_jobs AS j JOIN projects AS p ON p.id = j.project_id
          WHERE p.user_id = %(user_id)s AND j.status = 'completed' AND attempt = 1
            AND NOT filters ? 'license'
          ORDER BY j.id DESC LIMIT %(recent)s
        ) AS recent
        """,
        {"user_id": user_id, "recent": RECENT_JOBS},
    )
    return history


async def find_stored(transaction: Transaction, user_id: UUID, urls: Sequence[str]) -> set[str]:
    """Those of the addresses from which the user has stored an image."""
    cursor = await transaction.connection.execute(
        """
        SELECT DISTINCT i.original_url AS url
        FROM images AS i
          JOIN crawl_jobs AS j ON j.id = i.crawl_job_id
          JOIN projects AS p ON p.id = j.project_id
        WHERE i.original_url = ANY(%(urls)s) AND p.user_id = %(user_id)s
        """,
        {"urls": list(urls), "user_id": user_id},
    )
    return {row["url"] for row in await cursor.fetchall()}
