"""./scripts/test.sh: what it runs, with stand-ins for the tools; a commit makes the same checks."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CHECKS = ["ruff check --quiet .", "ruff format --quiet --check .", "mypy --no-error-summary",
          "lint-imports --no-cache"]  # fmt: skip
PARALLEL = "--numprocesses 4 --dist loadfile --no-loadscope-reorder"
BOOTSTRAP = 'PROJECT="$PWD" PYTHON=python\n'
TOOL = '#!/bin/sh\necho "$(basename "$0")${*:+ $*}"\n'


def run(project: Path, *arguments: str) -> list[str]:
    """The commands that it comes to, in a project whose tools only say how they were called."""
    tools = project / ".venv" / "bin"
    for folder in (tools, project / "scripts"):
        folder.mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "test.sh", project / "scripts")
    (project / "scripts" / "bootstrap.sh").write_text(BOOTSTRAP)
    for name in ("ruff", "mypy", "lint-imports", "python"):
        (tools / name).write_text(TOOL)
        (tools / name).chmod(0o755)
    command = [str(project / "scripts" / "test.sh"), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def test_checks_tests_and_measures(tmp_path: Path) -> None:
    assert run(tmp_path) == [
        *CHECKS, f"python -m pytest {PARALLEL} -p tests.measuring", "python -m scripts.floors",
    ]  # fmt: skip


@pytest.mark.parametrize("arguments", [("tests/unit", "-k", "settle"), ("-n", "0")])
def test_runs_what_it_is_given_as_parallel(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    tests = f"python -m pytest {PARALLEL} {' '.join(arguments)}"
    assert run(tmp_path, *arguments) == [*CHECKS, tests]


def test_the_callers_own_number_of_processes_wins(tmp_path: Path) -> None:
    (tmp_path / "test_one.py").write_text("def test_one(worker_id): assert worker_id == 'master'")
    command = f"-m pytest -p no:cacheprovider --rootdir . {PARALLEL} -n 0 test_one.py".split()
    done = subprocess.run([sys.executable, *command], cwd=tmp_path, capture_output=True, text=True)
    assert "1 passed" in done.stdout


def test_a_commit_makes_the_same_checks() -> None:
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()
    assert re.findall(r"entry: \.venv/bin/(.+)", hooks) == CHECKS
    assert re.findall(r"repo: (\S+)", hooks) == ["local"]
