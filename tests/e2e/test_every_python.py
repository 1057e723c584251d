"""Loading and orchestrations on each other Python that is supported and on the machine."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.azure.build import uv
from scripts.pythons import supported_pythons

SMALL_APPS = "test_the_host_judges_as_the_library_alone"
ROOT = Path(__file__).parents[2]
LOADING = "tests/integration/devhost/test_loading.py"
# Some hundred small apps are judged once, on the Python of this run.
TESTS = (LOADING, "tests/unit/orchestrations", "--deselect", f"{LOADING}::{SMALL_APPS}")
RUN = 'source scripts/bootstrap.sh && exec "$PYTHON" -m pytest -q -p no:cacheprovider "$@"'
OWN = "{}.{}".format(*sys.version_info)


def others() -> list[str]:
    return [version for version in supported_pythons() if version != OWN]


def test_this_python_is_supported() -> None:
    assert OWN in supported_pythons()


@pytest.mark.parametrize("version", others())
def test_the_app_loads_and_its_flows_run(version: str) -> None:
    venv = ROOT / ".local" / f"python-{version}"
    if not (venv / "bin" / "python").exists():
        interpreter = supported_pythons()[version]
        subprocess.run([*uv(), "venv", "-q", "--seed", "-p", interpreter, str(venv)], check=True)
    run = subprocess.run(
        ["bash", "-c", RUN, "bash", *TESTS],
        cwd=ROOT, env={**os.environ, "PIXCRAWLER_VENV": str(venv)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-2000:]
    passed = re.search(r"(\d+) passed", run.stdout)
    assert passed
    assert int(passed[1]) > 5
    shown = subprocess.check_output([str(venv / "bin" / "python"), "--version"], text=True)
    assert f"Python {version}." in shown
