"""What goes in and out of usage."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Self

from pydantic import Field, model_validator

from shared.platform.model import Input, Model

MAX_DAYS = 366
DEFAULT_DAYS = 30
EPOCH = date(2000, 1, 1)


class UsageQuery(Input):
    """Which days: ``from`` to ``to``, both included; by default the last 30."""

    first: Annotated[date | None, Field(alias="from", ge=EPOCH)] = None
    last: Annotated[date | None, Field(alias="to", ge=EPOCH)] = None

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last day."""
        last = self.last or max(datetime.now(UTC).date(), self.first or date.min)
        return self.first or last - timedelta(days=DEFAULT_DAYS - 1), last

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        first, last = self.days
        if not 0 <= (last - first).days < MAX_DAYS:
            raise ValueError(f"from and to must be in order and span at most {MAX_DAYS} days")
        return self


class UsageDay(Model):
    """What was used on one day, and the limits of that day."""

    metric_date: date
    images_processed: int
    images_limit: int
    storage_used_gb: float
    storage_limit_gb: float
    api_calls: int
    api_calls_limit: int
    bandwidth_used_gb: float
    bandwidth_limit_gb: float


class UsageTotal(Model):
    """What was used in all, and the limit it counts against."""

    used: float
    limit: float


class UsageOut(Model):
    """Usage day by day, newest first, and its totals; of storage, the latest figure."""

    data: list[UsageDay]
    totals: dict[str, UsageTotal]
