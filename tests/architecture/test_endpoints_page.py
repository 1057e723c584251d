"""docs/endpoints.md names every part of a declaration, and nothing that is not there."""

import inspect
import re
from http import HTTPStatus
from pathlib import Path

import pytest

import function_app  # noqa: F401 - importing it declares the endpoints
from shared.platform.endpoint import endpoint
from shared.platform.registry import endpoints
from tests.architecture.test_founding_page import problem

PAGE = (Path(__file__).parents[2] / "docs" / "endpoints.md").read_text()


def section(heading: str) -> str:
    return PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]


def first_cells(heading: str) -> list[str]:
    return re.findall(r"^\| (?!-|parameter|status|test)(.+?) \|", section(heading), re.MULTILINE)


def test_explains_every_parameter() -> None:
    explained = [word.strip("`") for cell in first_cells("One declaration")
                 for word in cell.split(", ")]  # fmt: skip
    assert explained == list(inspect.signature(endpoint).parameters)


def test_lists_every_status_of_success() -> None:
    listed = {int(cell) for cell in first_cells("Statuses")}
    assert {e.status for e in endpoints.values()} == {
        s for s in listed if s < HTTPStatus.BAD_REQUEST
    }


@pytest.mark.parametrize("word", re.findall(r"`((?:tests|shared|functions)/[^`<]+)`", PAGE))
def test_what_is_named_exists(word: str) -> None:
    assert problem(word) == ""


def test_names_are_of_one_shape() -> None:
    for declared in endpoints.values():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", declared.name)
        steps = declared.path.split("/")
        assert all(re.fullmatch(r"[a-z0-9.-]+|\{\w+(:\w+)?\}", step) for step in steps), steps
