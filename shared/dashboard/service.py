"""The dashboard."""

from shared.dashboard import repo
from shared.dashboard.schemas import DashboardOut
from shared.platform.db import Transaction
from shared.platform.principal import Principal


async def get_stats(transaction: Transaction, principal: Principal) -> DashboardOut:
    """The caller's figures at a glance."""
    return await repo.load_stats(transaction, principal.user_id)
