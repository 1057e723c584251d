"""Modules of ``shared`` that run late still run once."""

import subprocess
import sys
from pathlib import Path


def test_a_module_that_its_package_imports_runs_once() -> None:
    program = (
        "import shared.sources.source as direct\n"
        "from shared.sources.openverse import Candidate\n"
        "assert direct.Candidate is Candidate"
    )
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, "-c", program], cwd=root, check=True)
