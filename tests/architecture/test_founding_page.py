"""What the page on the founding documents names is there: files, tests, commands, calls."""

import os
import re
from pathlib import Path

import pytest

import function_app  # noqa: F401 - importing it declares the endpoints
from shared.app.settings.variables import variables
from shared.platform.http.registry import endpoints

ROOT = Path(__file__).parents[2]
LINE = re.compile(r"^\| (?P<asked>.+) \| (?P<holds>.+) \|$", re.MULTILINE)
QUOTED = re.compile(r"`([^`]+)`")
CALLS = {f"{e.method} /{re.sub(r':[a-z]+}', '}', e.path)}" for e in endpoints.values()}
NAMES = {name for variable in variables() for name in variable.names}
PROSE = {"repo.py", "database-slow"}  # a file of many packages, an alert


def problem(word: str) -> str:
    """What is wrong with something the page names; "" if it is there."""
    if word in CALLS | NAMES | PROSE:
        return ""
    path, _, test = word.partition("::")
    if word.startswith("./"):
        path = word.split()[0]
        return "" if os.access(ROOT / path, os.X_OK) else "no command"
    if not (ROOT / path).exists():
        return "nothing of that name"
    return "" if not test or f"def {test}(" in (ROOT / path).read_text() else "no such test"


PAGE = (ROOT / "docs" / "founding.md").read_text()


def named() -> list[str]:
    return sorted({word for line in LINE.finditer(PAGE) for word in QUOTED.findall(line["holds"])})


def open_lines(page: str) -> list[str]:
    """The lines that nothing holds yet."""
    marked = [line for line in page.splitlines() if "**open**" in line]
    return marked + [line[0] for line in LINE.finditer(page) if not line["holds"].strip()]


def test_no_line_is_open() -> None:
    assert open_lines(PAGE) == []


@pytest.mark.parametrize("line", ["| a wish |   |", "| a wish | **open** |"])
def test_an_open_line_is_found(line: str) -> None:
    assert open_lines(f"{PAGE}\n{line}\n")


@pytest.mark.parametrize("word", named())
def test_what_is_named_exists(word: str) -> None:
    assert problem(word) == ""


@pytest.mark.parametrize(
    "word",
    ["docs/nothing.md", "docs/api.md::test_nothing", "./scripts/nothing.sh", "./docs/api.md",
     "GET /nothing", "NO_SUCH_SETTING"],
)  # fmt: skip
def test_what_is_missing_is_found(word: str) -> None:
    assert problem(word) != ""
