"""The dashboard."""

from shared.dashboard import repo
from shared.dashboard.schemas import DashboardOut
from shared.platform.data.db import Transaction
from shared.platform.http.auth.principal import Principal


async def get_stats(transaction: Transaction, principal: Principal) -> DashboardOut:
    """The caller's figures at a glance."""
    return await repo.load_stats(transaction, principal.user_id)
