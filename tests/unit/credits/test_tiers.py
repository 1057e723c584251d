"""The table of tiers and packages fits itself, the settings and the defaults."""

import re
from typing import get_args

import pytest

from shared.credits.settings import CreditSettings
from shared.credits.tiers import PACKAGES, TIERS, Tier, packages_above, tiers_below
from shared.jobs.schemas import JobCreate


def test_each_tier_allows_more_than_the_one_before() -> None:
    assert tuple(TIERS) == get_args(Tier)
    for figures in zip(*((t.running_jobs, t.images_per_job) for t in TIERS.values()), strict=True):
        assert list(figures) == sorted(set(figures))


def test_each_package_has_the_price_of_its_name_and_no_price_is_left_over() -> None:
    prices = {
        name for name in CreditSettings.model_fields if re.fullmatch(r"stripe_\w+_price_id", name)
    }
    assert {name: package.price_setting for name, package in PACKAGES.items()} == {
        name.removeprefix("stripe_").removesuffix("_price_id"): name for name in prices
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_a_price_is_what_its_setting_says(package: str) -> None:
    settings = CreditSettings.model_validate({f"stripe_{package}_price_id": "price_1"})
    found = {name: each.price_id(settings) for name, each in PACKAGES.items()}
    assert found == dict.fromkeys(PACKAGES) | {package: "price_1"}


def test_a_new_account_may_run_a_job_of_the_default_size() -> None:
    bonus = CreditSettings.model_fields["signup_bonus_credits"].default
    size = JobCreate.model_fields["max_images"].default
    assert size <= min(bonus, TIERS["free"].images_per_job)


def test_what_lies_below_and_above() -> None:
    assert [tiers_below(tier) for tier in TIERS] == [[], ["free"], ["free", "pro"]]
    assert [packages_above(tier) for tier in TIERS] == [["pro", "enterprise"], ["enterprise"], []]
