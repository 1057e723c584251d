"""Tables as administrators see them: everybody's rows."""

from uuid import UUID

from shared.admin.schemas import AdminJobOut, UserOut
from shared.platform.data.db import Transaction
from shared.platform.http.pagination import Instant


async def list_users(transaction: Transaction, *, before: Instant, limit: int) -> list[UserOut]:
    """Up to ``limit`` users under ``before``, newest first."""
    return await _select_users(transaction, None, before=before, limit=limit)


async def find_user(transaction: Transaction, user_id: UUID, *, before: Instant) -> UserOut | None:
    """One user."""
    users = await _select_users(transaction, user_id, before=before, limit=1)
    return users[0] if users else None


async def _select_users(
    transaction: Transaction, user_id: UUID | None, *, before: Instant, limit: int
) -> list[UserOut]:
    return await transaction.fetch(
        UserOut,
        """
        SELECT p.id, p.email, p.full_name, p.role, p.created_at,
          coalesce((SELECT state FROM account_locks WHERE user_id = p.id), 'active') AS state,
          (SELECT count(*) FROM projects WHERE user_id = p.id AND status <> 'deleted')
            AS projects,
          coalesce(a.current_balance, 0) AS credits, coalesce(a.tier, 'free') AS tier
        FROM profiles AS p LEFT JOIN credit_accounts AS a ON a.user_id = p.id
        WHERE (p.created_at, p.id) < (%(moment)s, %(id)s)
          AND (%(user_id)s::uuid IS NULL OR p.id = %(user_id)s)
        ORDER BY p.created_at DESC, p.id DESC LIMIT %(limit)s
        """,
        {"user_id": user_id, "moment": before[0], "id": before[1], "limit": limit},
    )


async def set_role(transaction: Transaction, user_id: UUID, role: str) -> None:
    """The user has the role."""
    await transaction.connection.execute(
        "UPDATE profiles SET role = %(role)s WHERE id = %(id)s", {"id": user_id, "role": role}
    )


async def keep_user(transaction: Transaction, user_id: UUID) -> None:
    """The user's profile stays until the commit: the first lock of all that is theirs."""
    await transaction.connection.execute(
        "SELECT FROM profiles WHERE id = %(id)s FOR KEY SHARE", {"id": user_id}
    )


async def lock_administrators(transaction: Transaction) -> set[UUID]:
    """Those who may act; until the commit no other administrator acts."""
    # No lock of rows: a start of a job takes its user's profile last, we take it first.
    await transaction.connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('administrators', 0))"
    )
    # A statement of its own: it sees what was committed while the first one waited.
    cursor = await transaction.connection.execute(
        """
        SELECT id FROM profiles WHERE role = 'admin'
          AND NOT EXISTS (SELECT FROM account_locks WHERE user_id = profiles.id)
        """
    )
    return {row["id"] for row in await cursor.fetchall()}


async def list_jobs(
    transaction: Transaction, *, status: str | None, below: int, limit: int
) -> list[AdminJobOut]:
    """Up to ``limit`` jobs of all users with ids under ``below``, newest first."""
    return await transaction.fetch(
        AdminJobOut,
        """
        SELECT j.id, u.id AS user_id, u.email AS user_email, j.project_id, j.name, j.status,
          j.progress, j.max_images, j.valid_images, j.failure_reason, j.created_at,
          j.started_at, j.completed_at
        FROM crawl_jobs AS j
        JOIN projects AS p ON p.id = j.project_id
        JOIN profiles AS u ON u.id = p.user_id
        WHERE j.id < %(below)s AND (%(status)s::text IS NULL OR j.status = %(status)s)
        ORDER BY j.id DESC LIMIT %(limit)s
        """,
        {"status": status, "below": below, "limit": limit},
    )
