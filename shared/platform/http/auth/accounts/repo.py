"""The table ``account_locks``."""

from typing import Literal, cast
from uuid import UUID

from shared.platform.data.db import Transaction


async def set_state(
    transaction: Transaction, user_id: UUID, state: Literal["disabled", "deleted"]
) -> bool:
    """Whether the account was in another state; one that is deleted stays so."""
    cursor = await transaction.connection.execute(
        """
        INSERT INTO account_locks AS stored (user_id, state) VALUES (%(user_id)s, %(state)s)
        ON CONFLICT (user_id) DO UPDATE SET state = excluded.state, locked_at = now()
        WHERE stored.state = 'disabled' AND excluded.state = 'deleted'
        """,
        {"user_id": user_id, "state": state},
    )
    return cursor.rowcount == 1


async def end_disabled(transaction: Transaction, user_id: UUID) -> bool:
    """Whether the account was disabled."""
    cursor = await transaction.connection.execute(
        "DELETE FROM account_locks WHERE user_id = %(user_id)s AND state = 'disabled'",
        {"user_id": user_id},
    )
    return cursor.rowcount == 1


async def find_state(
    transaction: Transaction, user_id: UUID
) -> Literal["disabled", "deleted"] | None:
    """The state of a locked account."""
    cursor = await transaction.connection.execute(
        "SELECT state FROM account_locks WHERE user_id = %(user_id)s", {"user_id": user_id}
    )
    row = await cursor.fetchone()
    return cast("Literal['disabled', 'deleted']", row["state"]) if row else None


async def wait_for_others(transaction: Transaction, user_id: UUID) -> None:
    """Until the commit nobody else gets past here for the user, whether there is a row or not."""
    await transaction.connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(%(user_id)s::text, 0))",
        {"user_id": user_id},
    )


async def forget_deleted(transaction: Transaction) -> None:
    """Forgets accounts that Auth has deleted, after the week that a token can live on Supabase."""
    await transaction.connection.execute(
        """
        DELETE FROM account_locks
        WHERE state = 'deleted' AND locked_at < now() - interval '8 days'
          AND NOT EXISTS (SELECT FROM profiles WHERE id = user_id)
        """
    )
