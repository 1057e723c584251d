"""Metering."""

from shared.platform.db import Transaction
from shared.usage import repo

CATCH_UP_DAYS = 3  # a timer that missed days writes the same rows it would have written then


async def roll_up(transaction: Transaction) -> int:
    """Writes the daily figures of the last days from what is stored; any run gives the same."""
    return await repo.roll_up(transaction, days=CATCH_UP_DAYS)
