"""The table ``activity_logs``."""

from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from shared.activity.schemas import ActivityOut, ActivityQuery
from shared.platform.data.db import Transaction


async def insert_activity(
    transaction: Transaction,
    user_id: UUID,
    *,
    action: str,
    resource_type: str,
    resource_id: str,
    metadata: dict[str, Any],
) -> None:
    """Adds one row."""
    await transaction.connection.execute(
        """
        INSERT INTO activity_logs (user_id, action, resource_type, resource_id, metadata)
        VALUES (%(user_id)s, %(action)s, %(resource_type)s, %(resource_id)s, %(metadata)s)
        """,
        {
            "user_id": user_id,
            "action": action,
            "resource_type": resource_type,
            "resource_id": resource_id,
            "metadata": Jsonb(metadata),
        },
    )


async def list_activities(
    transaction: Transaction, user_id: UUID, query: ActivityQuery, *, limit: int
) -> list[ActivityOut]:
    """Up to ``limit`` activities of the user, newest first."""
    return await transaction.fetch(
        ActivityOut,
        """
        SELECT id, action, resource_type, resource_id, metadata, timestamp
        FROM activity_logs
        WHERE user_id = %(user_id)s AND id < %(below)s
          AND (%(action)s::text IS NULL OR action = %(action)s)
          AND (%(resource_type)s::text IS NULL OR resource_type = %(resource_type)s)
        ORDER BY id DESC LIMIT %(limit)s
        """,
        {
            "user_id": user_id,
            "below": query.below,
            "action": query.action,
            "resource_type": query.resource_type,
            "limit": limit,
        },
    )
