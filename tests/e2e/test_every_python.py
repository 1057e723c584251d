"""Loading and orchestrations on each other Python that is supported and on the machine."""

import os
import re
import subprocess
import sys
from pathlib import Path

from scripts.azure.build import uv
from scripts.pythons import supported_pythons

SMALL_APPS = "test_the_host_judges_as_the_library_alone"
ROOT = Path(__file__).parents[2]
LOADING = "tests/integration/devhost/test_loading.py"
# Some hundred small apps are judged once, on the Python of this run.
TESTS = (LOADING, "tests/unit/orchestrations", "--deselect", f"{LOADING}::{SMALL_APPS}")
RUN = 'source scripts/bootstrap.sh && exec "$PYTHON" -m pytest -q -p no:cacheprovider "$@"'
OWN = "{}.{}".format(*sys.version_info)


def run_on(version: str, interpreter: str) -> None:
    """The tests pass on that Python, and on no other one."""
    venv = ROOT / ".local" / f"python-{version}"
    if not (venv / "bin" / "python").exists():
        subprocess.run([*uv(), "venv", "-q", "--seed", "-p", interpreter, str(venv)], check=True)
    run = subprocess.run(
        ["bash", "-c", RUN, "bash", *TESTS],
        cwd=ROOT, env={**os.environ, "PIXCRAWLER_VENV": str(venv)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, version + run.stdout[-5000:] + run.stderr[-2000:]
    passed = re.search(r"(\d+) passed", run.stdout)
    assert passed
    assert int(passed[1]) > 5
    shown = subprocess.check_output([str(venv / "bin" / "python"), "--version"], text=True)
    assert f"Python {version}." in shown


def test_the_app_loads_and_its_flows_run_on_every_python() -> None:
    """On that of this run the tests themselves say so."""
    found = supported_pythons()
    assert OWN in found
    for version, interpreter in found.items():
        if version != OWN:
            run_on(version, interpreter)
