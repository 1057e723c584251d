"""Whether what was deployed may stay: load on it, then its list; what they give up goes back.

    python -m scripts.azure.measure ENV [--seconds 120]

Runs scripts/load.py and scripts/checklist.py 5-minutes, with what they need out of the vault. Exit
code: the graver of the two. 3 puts the build before back, and 2 (it cannot be tried) does not.
"""

import argparse
import os
import sys
from collections.abc import Mapping
from typing import Final

from scripts.arguments import AMOUNT
from scripts.azure.az import require_login
from scripts.azure.processes import ROOT, call
from scripts.azure.program import ended
from scripts.azure.rollback import rollback
from scripts.azure.target import ENVIRONMENTS, read_outputs, resource_group
from scripts.azure.thresholds import Verdict

STAGE: Final = "5-minutes"


def main() -> int:
    """The graver exit code."""
    parser = argparse.ArgumentParser(
        prog="measure", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("environment", choices=ENVIRONMENTS)
    parser.add_argument("--seconds", type=AMOUNT, default=120, help="of load (default: 120)")
    given = parser.parse_args()
    return measure(given.environment, given.seconds)


def measure(environment: str, seconds: float) -> int:
    """The graver exit code of load and list, after the build before is back if one says so.

    Raises:
        OperationError: the deployment is not known, or cannot be put back.
    """
    require_login()
    outputs = read_outputs(resource_group(environment))
    needed = {
        "SUPABASE_URL": outputs.supabase_url,
        "SUPABASE_SERVICE_ROLE_KEY": outputs.vault.secret("SUPABASE-SERVICE-ROLE-KEY"),
        "METRICS_TOKEN": outputs.vault.secret("METRICS-TOKEN"),
    }
    url = outputs.app_url
    code = max(
        _run(needed, "load.py", url, "--seconds", f"{seconds:g}"),
        _run(needed, "checklist.py", STAGE, url, "--environment", environment),
    )
    if code == Verdict.ROLL_BACK:
        rollback(environment, None)
    return code


def _run(needed: Mapping[str, str], script: str, *arguments: str) -> int:
    command = [sys.executable, str(ROOT / "scripts" / script), *arguments]
    code = call(command, {**os.environ, **needed})
    return code if code >= 0 else 2  # it was killed, and says nothing of the build


if __name__ == "__main__":
    sys.exit(ended("measure", main))
