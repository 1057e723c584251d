"""The table ``profiles``."""

from uuid import UUID

from psycopg.rows import class_row

from shared.identity.schemas import ProfileOut
from shared.platform.db import Transaction


async def find_profile(transaction: Transaction, user_id: UUID) -> ProfileOut | None:
    """The user's profile."""
    async with transaction.connection.cursor(row_factory=class_row(ProfileOut)) as cursor:
        await cursor.execute(
            """
            SELECT id, email, full_name, avatar_url, role, onboarding_completed,
              onboarding_completed_at, created_at, updated_at
            FROM profiles WHERE id = %(user_id)s
            """,
            {"user_id": user_id},
        )
        return await cursor.fetchone()
