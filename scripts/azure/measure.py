"""Whether what was deployed may stay: load on it, then its list; what they give up goes back.

    python -m scripts.azure.measure ENV [--seconds 120]

Runs scripts/load.py and scripts/checklist.py 5-minutes, with what they need out of the vault. Exit
code: the graver of the two. 3 puts the build before back, and 2 (it cannot be tried) does not.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Final

from scripts.azure import OperationError
from scripts.azure.az import require_login
from scripts.azure.processes import ROOT
from scripts.azure.rollback import rollback
from scripts.azure.target import ENVIRONMENTS, read_outputs, resource_group
from scripts.azure.thresholds import Verdict

STAGE: Final = "5-minutes"


def main() -> int:
    """The graver exit code, or 1 when Azure does not let us."""
    parser = argparse.ArgumentParser(
        prog="measure", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("environment", choices=ENVIRONMENTS)
    parser.add_argument("--seconds", default="120", help="of load (default: 120)")
    given = parser.parse_args()
    try:
        return measure(given.environment, given.seconds)
    except OperationError as error:
        print(f"measure: {error}", file=sys.stderr)
        return 1


def measure(environment: str, seconds: str) -> int:
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
        _run(needed, "load.py", url, "--seconds", seconds),
        _run(needed, "checklist.py", STAGE, url, "--environment", environment),
    )
    if code == Verdict.ROLL_BACK:
        rollback(environment, None)
    return code


def _run(needed: Mapping[str, str], script: str, *arguments: str) -> int:
    command = [sys.executable, str(ROOT / "scripts" / script), *arguments]
    code = subprocess.run(command, env={**os.environ, **needed}, check=False).returncode
    return code if code >= 0 else 2  # it was killed, and says nothing of the build


if __name__ == "__main__":
    sys.exit(main())
