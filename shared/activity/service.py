"""Recording what users do."""

from typing import Any
from uuid import UUID

from shared.activity import repo
from shared.platform.db import Transaction


async def record(
    transaction: Transaction,
    user_id: UUID,
    action: str,
    resource_type: str,
    resource_id: object,
    **metadata: Any,
) -> None:
    """Adds ``action`` (``resource.verb``) to the user's trail, in the transaction that did it."""
    await repo.insert_activity(
        transaction,
        user_id,
        action=action,
        resource_type=resource_type,
        resource_id=str(resource_id),
        metadata=metadata,
    )
