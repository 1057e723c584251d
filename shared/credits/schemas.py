"""What goes in and out of credits."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, computed_field

from shared.credits.tiers import TIERS, Tier
from shared.platform.http.pagination import PageQuery
from shared.platform.http.patch import Patch, unchanged
from shared.platform.model import Input, Model

Kind = Literal["purchase", "usage", "refund", "bonus"]
Credits = Annotated[int, Field(ge=1, le=1_000_000)]


class BalanceOut(Model):
    """The caller's account: ``balance`` includes what running jobs hold (``reserved``).

    ``monthly_limit`` binds when the caller has set it (``monthly_limit_enforced``). ``tier`` says
    what may be asked for: a job for so many images, and so many jobs at once.
    """

    balance: int
    reserved: int
    available: int
    monthly_usage: int
    monthly_limit: int
    monthly_limit_enforced: bool
    auto_refill_enabled: bool
    refill_threshold: int
    refill_amount: int
    tier: Tier

    @property
    def affordable(self) -> int:
        """How many credits may be held now: what is available, within a monthly limit that binds.

        None too few: of a limit that was lowered less than nothing may be left.
        """
        left = self.available
        if self.monthly_limit_enforced:
            left = min(left, self.monthly_limit - self.monthly_usage - self.reserved)
        return max(left, 0)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def max_running_jobs(self) -> int:
        """How many jobs the tier lets run at once."""
        return TIERS[self.tier].running_jobs

    @computed_field  # type: ignore[prop-decorator]
    @property
    def max_images_per_job(self) -> int:
        """How many images the tier lets one job ask for."""
        return TIERS[self.tier].images_per_job


class SettingsUpdate(Patch):
    """Changes of the account's settings; a monthly limit that is set refuses what exceeds it."""

    auto_refill_enabled: bool = unchanged()
    refill_threshold: Annotated[int, Field(ge=0, le=1_000_000)] = unchanged()
    refill_amount: Credits = unchanged()
    monthly_limit: Credits = unchanged()
    monthly_limit_enforced: bool = unchanged()


class TransactionQuery(PageQuery):
    """Which rows of the ledger to list."""

    type: Kind | None = None


class TransactionOut(Model):
    """A row of the ledger: ``balance_after`` is the sum of all amounts up to it."""

    id: UUID
    type: Kind
    description: str
    amount: int
    balance_after: int
    status: str
    metadata: dict[str, Any] | None
    created_at: datetime


class Purchase(Input):
    """Which package to buy."""

    package_id: Annotated[str, Field(min_length=1, max_length=50)]
