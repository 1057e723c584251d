"""The table ``profiles``."""

from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from shared.identity.schemas import ProfileOut
from shared.platform.data.db import Transaction
from shared.platform.http.auth.principal import Principal


async def find_profile(transaction: Transaction, user_id: UUID) -> ProfileOut | None:
    """The user's profile."""
    return await transaction.fetch_one(
        ProfileOut,
        """
        SELECT id, email, full_name, avatar_url, role, onboarding_completed,
          onboarding_completed_at, created_at, updated_at
        FROM profiles WHERE id = %(user_id)s
        """,
        {"user_id": user_id},
    )


async def provision(transaction: Transaction, user: Principal) -> bool:
    """Makes profile, credit account and preferences where they are missing.

    False when Supabase does not know the user any more; the transaction can do nothing else then.
    """
    try:
        await transaction.connection.execute(
            """
            SELECT provision_user(%(id)s, %(email)s, %(full_name)s, %(avatar_url)s)
            """,
            {
                "id": user.user_id,
                "email": user.email,
                "full_name": user.full_name,
                "avatar_url": user.avatar_url,
            },
        )
    except psycopg.errors.ForeignKeyViolation:
        return False
    return True


async def refresh_profile(transaction: Transaction, user: Principal) -> None:
    """Takes name and picture from the token where the profile has none.

    Its address follows the account's at Auth by a trigger: a token may be older than that.
    """
    await transaction.connection.execute(
        """
        UPDATE profiles SET full_name = coalesce(full_name, left(%(full_name)s, 100)),
          avatar_url = coalesce(avatar_url, %(avatar_url)s)
        WHERE id = %(id)s
        """,
        {
            "id": user.user_id,
            "full_name": user.full_name,
            "avatar_url": user.avatar_url,
        },
    )


async def update_profile(transaction: Transaction, user_id: UUID, changes: dict[str, Any]) -> None:
    """Makes ``changes`` to the user's profile; the moment onboarding was completed is kept."""
    await transaction.connection.execute(
        """
        UPDATE profiles AS p
        SET (full_name, avatar_url, onboarding_completed, onboarding_completed_at) = (
          SELECT new.full_name, new.avatar_url, new.onboarding_completed,
            CASE WHEN new.onboarding_completed
              THEN coalesce(p.onboarding_completed_at, now()) END
          FROM jsonb_populate_record(p, %(changes)s::jsonb) AS new)
        WHERE id = %(id)s
        """,
        {"id": user_id, "changes": Jsonb(changes)},
    )
