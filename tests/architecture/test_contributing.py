"""What the pages for contributors name is there, and no file of theirs is deployed."""

import json
import re
import subprocess
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path

import pytest

from scripts.azure.build import APP
from tests.architecture.test_founding_page import problem

ROOT = Path(__file__).parents[2]
PAGES = ("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
PROSE = {
    "service.py",
    "settings.py",
    "*_repo.py",
    "repo.py",
    "/api/v1",
    "/api/v1/crawl-jobs",
    "/api/v1/jobs",
}


def named(page: str) -> list[str]:
    """The files, tests and commands that a page quotes."""
    quoted = set(re.findall(r"`([^`\n]+)`", page)) - PROSE
    endings = (".toml", ".json", ".yaml", ".py", ".example")
    return sorted(w for w in quoted if "/" in w or w.endswith(endings) or w.startswith("python "))


def missing(word: str) -> str:
    """What is wrong with one of them; "" if it is there."""
    module = re.fullmatch(r"python -m ([\w.]+)", word)
    return problem(f"{module[1].replace('.', '/')}.py" if module else word)


@pytest.mark.parametrize("word", [w for page in PAGES for w in named((ROOT / page).read_text())])
def test_what_is_named_exists(word: str) -> None:
    assert missing(word) == ""


@pytest.mark.parametrize(
    "word",
    ["shared/nothing.py", "nothing.toml", "python -m scripts.nothing", "./scripts/nothing.sh x",
     "tests/unit/jobs/test_fields.py::test_nothing"],
)  # fmt: skip
def test_what_is_missing_is_found(word: str) -> None:
    assert named(f"as `{word}` says") == [word]
    assert missing(word) != ""


def tracked() -> list[str]:
    listed = ["git", "ls-files", "-z"]
    return subprocess.run(
        listed, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\0")[:-1]  # fmt: skip


def deployed(files: Iterable[str]) -> set[str]:
    """What Core Tools would pack of these files and folders of the project's top."""
    ignored = (ROOT / ".funcignore").read_text().split()
    return {file for file in files if not any(fnmatch(file, pattern) for pattern in ignored)}


def test_the_app_alone_is_deployed() -> None:
    assert deployed({file.partition("/")[0] for file in tracked()}) == {*APP, "requirements.txt"}


def test_what_would_be_deployed_with_it_is_found() -> None:
    assert deployed(["NOTES.txt", "LICENSE", ".github", "README.md"]) == {"NOTES.txt"}


def test_every_list_of_packages_is_kept_up_to_date() -> None:
    kept = re.findall(r"^      - /(.+)$", (ROOT / ".github/dependabot.yml").read_text(), re.M)
    lists = [Path(file) for file in tracked() if Path(file).name == "package.json"]
    assert sorted(kept) == sorted(str(path.parent) for path in lists)


def test_a_container_is_made_ready_as_everything_is() -> None:
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    assert container["postCreateCommand"] == "bash scripts/bootstrap.sh"
    assert (ROOT / "scripts/bootstrap.sh").exists()
