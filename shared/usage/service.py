"""Metering."""

from shared.platform.data.db import Transaction
from shared.platform.http.auth.principal import Principal
from shared.usage import repo
from shared.usage.schemas import UsageDay, UsageOut, UsageQuery, UsageTotal

CATCH_UP_DAYS = 3  # a timer that missed days writes the same rows it would have written then


async def roll_up(transaction: Transaction) -> int:
    """Writes the daily figures of the last days from what is stored; any run gives the same."""
    return await repo.roll_up(transaction, days=CATCH_UP_DAYS)


async def get_usage(transaction: Transaction, principal: Principal, query: UsageQuery) -> UsageOut:
    """The caller's usage of some days."""
    first, last = query.days
    days = await repo.list_days(transaction, principal.user_id, first=first, last=last)
    return UsageOut(data=days, totals=_totals(days))


def _totals(days: list[UsageDay]) -> dict[str, UsageTotal]:
    """Limits are of a month; the highest of the days' counts. What is stored adds to nothing."""
    return {
        "images": UsageTotal(
            used=sum(day.images_processed for day in days),
            limit=max((day.images_limit for day in days), default=0),
        ),
        "storage_gb": UsageTotal(
            used=days[0].storage_used_gb if days else 0,
            limit=max((day.storage_limit_gb for day in days), default=0),
        ),
        "api_calls": UsageTotal(
            used=sum(day.api_calls for day in days),
            limit=max((day.api_calls_limit for day in days), default=0),
        ),
        "bandwidth_gb": UsageTotal(
            used=round(sum(day.bandwidth_used_gb for day in days), 2),
            limit=max((day.bandwidth_limit_gb for day in days), default=0),
        ),
    }
