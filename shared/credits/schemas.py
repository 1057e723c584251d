"""What goes in and out of credits."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class BalanceOut(BaseModel):
    """The caller's account: ``balance`` includes what running jobs hold (``reserved``)."""

    balance: int
    reserved: int
    available: int
    monthly_usage: int
    monthly_limit: int
    auto_refill_enabled: bool
    refill_threshold: int
    refill_amount: int


class Purchase(BaseModel):
    """Which package to buy."""

    model_config = ConfigDict(extra="forbid")

    package_id: Annotated[str, Field(min_length=1, max_length=50)]
