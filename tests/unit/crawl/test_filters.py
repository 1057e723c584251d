"""The settings of a job."""

from typing import Any

import pytest
from pydantic import ValidationError

from shared.crawl.filters import JobFilters
from shared.imaging.rules import LEVELS


def test_nothing_said_is_the_standard_level() -> None:
    assert JobFilters().rules() == LEVELS["standard"]
    assert JobFilters.model_validate({}) == JobFilters()


def test_the_level_stays_below_the_filters() -> None:
    rules = JobFilters(level="basic", min_width=1, min_bytes=1).rules()
    assert (rules.min_side, rules.min_bytes) == (25, 512)


def test_survives_the_database() -> None:
    filters = JobFilters(
        level="strict", formats=frozenset(["png"]), license=frozenset(["commercial"]),
        exclude_similar_to=("cats@3", "42"),
    )  # fmt: skip
    assert JobFilters.model_validate(filters.model_dump(mode="json")) == filters


@pytest.mark.parametrize(
    "wrong",
    [
        {"levle": "basic"}, {"level": "best"}, {"min_width": 0}, {"max_width": 70_000},
        {"min_width": 10, "max_width": 9}, {"min_height": 10, "max_height": 9},
        {"formats": []}, {"formats": ["tiff"]}, {"orientation": "round"}, {"colour": "red"},
        {"license": ["any"]}, {"near_duplicate_bits": 11}, {"near_duplicate_bits": -1},
        {"expand": True}, {"min_bytes": 10**9}, {"exclude_similar_to": [""]},
        {"exclude_similar_to": ["a"] * 11}, {"exclude_similar_to": ["a" * 121]},
        {"exclude_similar_to": "cats"},
    ],
)  # fmt: skip
def test_nonsense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        JobFilters.model_validate(wrong)


@pytest.mark.parametrize(
    ("wanted", "code", "allowed"),
    [
        ([], None, True), (["commercial"], "by-nc", False), (["commercial"], "by-sa", True),
        (["commercial", "modification"], "by-nd", False), (["modification"], None, False),
    ],
)  # fmt: skip
def test_licences(wanted: list[str], code: str | None, allowed: bool) -> None:
    assert JobFilters.model_validate({"license": wanted}).allows_license(code) is allowed
