"""Recording and showing what users do."""

from typing import Any
from uuid import UUID

from shared.activity import repo
from shared.activity.schemas import ActivityOut, ActivityQuery
from shared.platform.data.db import Transaction
from shared.platform.http.auth.principal import Principal
from shared.platform.http.pagination import Page, make_page


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


async def list_activities(
    transaction: Transaction, principal: Principal, query: ActivityQuery
) -> Page[ActivityOut]:
    """A page of what the caller did or caused, newest first."""
    rows = await repo.list_activities(transaction, principal.user_id, query, limit=query.limit + 1)
    return make_page(rows, query, lambda activity: activity.id)
