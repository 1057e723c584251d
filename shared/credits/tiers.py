"""Tiers of accounts and packages of credits: what each allows, gives and costs. Nowhere else."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from shared.credits.settings import CreditSettings

Tier = Literal["free", "pro", "enterprise"]


@dataclass(frozen=True, slots=True)
class TierLimits:
    """What an account of a tier may do."""

    running_jobs: int
    images_per_job: int


@dataclass(frozen=True, slots=True)
class Package:
    """Credits that are bought at once; its buyer has at least its tier from then on."""

    credits: int
    tier: Tier
    price_setting: str

    def price_id(self, settings: "CreditSettings") -> str | None:
        """The price at Stripe that the operator has made for it, if there is one."""
        price: str | None = getattr(settings, self.price_setting)
        return price


# Each tier allows more than the one before. The images are those of the earlier product's plans: a
# free account can use up its sign-up bonus in one job.
TIERS: Final[dict[Tier, TierLimits]] = {
    "free": TierLimits(running_jobs=1, images_per_job=1_500),
    "pro": TierLimits(running_jobs=3, images_per_job=50_000),
    "enterprise": TierLimits(running_jobs=10, images_per_job=2_000_000),
}
PACKAGES: Final = {
    "starter": Package(500, "free", "stripe_starter_price_id"),
    "pro": Package(10_000, "pro", "stripe_pro_price_id"),
    "enterprise": Package(50_000, "enterprise", "stripe_enterprise_price_id"),
}


def tiers_below(tier: Tier) -> list[Tier]:
    """The tiers that allow less."""
    tiers = list(TIERS)
    return tiers[: tiers.index(tier)]


def packages_above(tier: Tier) -> list[str]:
    """The packages whose buyer is allowed more than an account of the tier."""
    return [name for name, package in PACKAGES.items() if tier in tiers_below(package.tier)]
