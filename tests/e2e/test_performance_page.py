"""The commands of docs/performance.md: with small figures, or as they stand at full scale.

Those of the crawl are the README's.
"""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.scale import FULL

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "performance.md").read_text()
README = (ROOT / "README.md").read_text()
(CRAWL,) = re.findall(r"^\./scripts/bench\.sh crawl (.*)$", README, re.MULTILINE)
COMMANDS = re.findall(r"^\./scripts/bench\.sh .*$", PAGE, re.MULTILINE)
# The API under full load takes a minute: a soak does less.
SMALL = {
    "crawl": CRAWL,
    "stages": "--images 50 --sizes 1000",
    "scale": "--images 1000 --users 50",
    "api": "--soak 2",
    "coldstart": "--runs 1",
    "export": "--images 30",
}


def benchmark(command: str) -> str:
    return command.split()[1]


def small(name: str) -> str:
    """One command with the switches of all commands of this benchmark, and small figures."""
    given = " ".join(command for command in COMMANDS if benchmark(command) == name)
    switches = re.findall(r" (--\w+)(?= --|$| \./)", given)
    more = [switch for switch in dict.fromkeys(switches) if switch not in SMALL[name]]
    return " ".join(["./scripts/bench.sh", name, *more, SMALL[name]])


@pytest.mark.parametrize("command", COMMANDS if FULL else list(map(small, SMALL)))
def test_runs_to_its_end(command: str) -> None:
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=ROOT, capture_output=True, text=True, timeout=7200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures.pop("benchmark").startswith(benchmark(command))
    assert figures
    if CRAWL in command:
        assert figures["addresses"] == sum(figures["app"]["outcomes"].values()) == 100
        assert figures["app"]["images"] == 85  # the others are missing, broken or copies


def test_the_page_measures_with_every_benchmark() -> None:
    assert {benchmark(command) for command in COMMANDS} == set(SMALL)
