"""Categories of a job, as requests bring them."""

from typing import Any

import pytest
from pydantic import ValidationError

from shared.jobs.schemas import JobCreate, JobUpdate

JOB = {"project_id": 1, "name": "a", "keywords": ["dog", "cat", "oak"]}


def refused(categories: Any) -> tuple[object, ...]:
    """The place that the refusal of a job with these categories names."""
    with pytest.raises(ValidationError) as refusal:
        JobCreate.model_validate({**JOB, "categories": categories})
    (error,) = refusal.value.errors()
    return error["loc"]


def test_each_keyword_stands_once_in_its_category() -> None:
    job = JobCreate.model_validate({**JOB, "categories": {" mammal ": ["dog", "cat", "dog"]}})
    assert job.categories == {"mammal": ["dog", "cat"]}


def test_there_may_be_none() -> None:
    assert JobCreate.model_validate(JOB).categories == {}


@pytest.mark.parametrize(
    "categories",
    [
        {"mammal": ["bat"]},
        {"mammal": ["dog"], "pet": ["dog"]},
        {"OAK": ["dog"]},
        {"mammal": ["dog"], "mammal ": ["cat"]},
        [],
        {str(number): ["dog"] for number in range(51)},
    ],
)
def test_the_field_is_named_that_does_not_fit(categories: object) -> None:
    assert refused(categories) == ("categories",)


@pytest.mark.parametrize(
    ("categories", "place"),
    [
        ({"mammal": []}, ("categories", "mammal")),
        ({"mammal": None}, ("categories", "mammal")),
        ({"mammal": [" "]}, ("categories", "mammal", 0)),
        ({"a\nb": ["dog"]}, ("categories", "a\nb", "[key]")),
        ({"": ["dog"]}, ("categories", "", "[key]")),
        ({"x" * 101: ["dog"]}, ("categories", "x" * 101, "[key]")),
    ],
)
def test_the_category_is_named_that_is_wrong(categories: object, place: tuple[object, ...]) -> None:
    assert refused(categories) == place


def test_a_change_brings_them_by_the_same_rules() -> None:
    update = JobUpdate.model_validate({"categories": {"mammal": ["dog"]}})
    assert update.changes() == {"categories": {"mammal": ["dog"]}}
    for wrong in (None, {"a\nb": ["dog"]}, {"a": ["dog"], "a ": ["cat"]}):
        with pytest.raises(ValidationError):
            JobUpdate.model_validate({"categories": wrong})


def test_keywords_that_differ_in_unicode_form_alone_are_one() -> None:
    job = JobCreate.model_validate({**JOB, "keywords": ["caf\u00e9", "cafe\u0301", "CAF\u00c9"]})
    assert job.keywords == ["caf\u00e9"]
