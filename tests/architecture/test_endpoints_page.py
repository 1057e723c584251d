"""docs/endpoints.md names every part of a declaration, and nothing that is not there."""

import inspect
import re
from http import HTTPStatus
from pathlib import Path

import pytest

import function_app  # noqa: F401 - importing it declares the endpoints
from shared.app.http import endpoint
from shared.platform.http.registry import endpoints
from tests.architecture.test_founding_page import problem

PAGE = (Path(__file__).parents[2] / "docs" / "endpoints.md").read_text()


def first_cells(page: str, heading: str) -> list[str]:
    section = page.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| (?!-|parameter|status|test)(.+?) \|", section, re.MULTILINE)


def explained(page: str) -> list[str]:
    """The parameters of a declaration that a page explains."""
    cells = first_cells(page, "One declaration")
    return [word.strip("`") for cell in cells for word in cell.split(", ")]


def successes(page: str) -> set[int]:
    """The statuses of success that a page lists."""
    listed = {int(cell) for cell in first_cells(page, "Statuses")}
    return {status for status in listed if status < HTTPStatus.BAD_REQUEST}


PARAMETERS = list(inspect.signature(endpoint).parameters)
STATUSES = {e.status for e in endpoints.values()}


def test_explains_every_parameter() -> None:
    assert explained(PAGE) == PARAMETERS


def test_lists_every_status_of_success() -> None:
    assert successes(PAGE) == STATUSES


@pytest.mark.parametrize(
    ("said", "instead"),
    [("| `etag` |", "| `cached` |"), ("| `scope` |", "| scopes |"), ("| `internal` |", "|")],
)
def test_a_parameter_that_is_not_there_or_explained_is_found(said: str, instead: str) -> None:
    assert explained(PAGE.replace(said, instead)) != PARAMETERS


@pytest.mark.parametrize(("said", "instead"), [("| 202 |", "| 203 |"), ("| 204 |", "- 204 |")])
def test_a_status_that_is_not_there_or_listed_is_found(said: str, instead: str) -> None:
    assert successes(PAGE.replace(said, instead)) != STATUSES


@pytest.mark.parametrize("word", re.findall(r"`((?:tests|shared|functions)/[^`<]+)`", PAGE))
def test_what_is_named_exists(word: str) -> None:
    assert problem(word) == ""


def misnamed(name: str, path: str) -> list[str]:
    """What of an endpoint's name and path is not of the shape that all have."""
    steps = [s for s in path.split("/") if not re.fullmatch(r"[a-z0-9.-]+|\{\w+(:\w+)?\}", s)]
    return [name] * (not re.fullmatch(r"[a-z]+(_[a-z]+)*", name)) + steps


def test_names_are_of_one_shape() -> None:
    assert [wrong for e in endpoints.values() for wrong in misnamed(e.name, e.path)] == []


@pytest.mark.parametrize(
    ("name", "path"),
    [("getJob", "jobs"), ("get_job2", "jobs"), ("get_job", "Jobs"), ("get_job", "crawl_jobs"),
     ("get_job", "jobs/"), ("get_job", "jobs/{job id}"), ("get_job", "jobs/<id>")],
)  # fmt: skip
def test_another_shape_is_found(name: str, path: str) -> None:
    assert misnamed(name, path)
