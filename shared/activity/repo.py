"""The table ``activity_logs``."""

from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from shared.platform.db import Transaction


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
