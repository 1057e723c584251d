"""The commands of docs/performance.md: with small figures, or as they stand at full scale."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.scale import FULL

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "performance.md").read_text()
COMMANDS = re.findall(r"^\./scripts/bench\.sh .*$", PAGE, re.MULTILINE)
# The API under full load takes a minute: a soak does less.
SMALL = {
    "crawl": "--images 50 --rounds 1 --alone",
    "stages": "--images 50 --sizes 1000",
    "scale": "--images 1000",
    "api": "--soak 2",
    "coldstart": "--runs 1",
}


def benchmark(command: str) -> str:
    return command.split()[1]


def small(command: str) -> str:
    """The command with small figures in place of its own, which may make it the same as another."""
    figures = SMALL[benchmark(command)]
    for option in re.findall(r"--\w+", figures):
        command = re.sub(rf" {option}( [^- ]\S*)?", "", command)
    return f"{command} {figures}"


@pytest.mark.parametrize("command", COMMANDS if FULL else list(dict.fromkeys(map(small, COMMANDS))))
def test_runs_to_its_end(command: str) -> None:
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=ROOT, capture_output=True, text=True, timeout=3600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures.pop("benchmark").startswith(benchmark(command))
    assert figures


def test_the_page_measures_with_every_benchmark() -> None:
    assert {benchmark(command) for command in COMMANDS} == set(SMALL)
