"""Back to an earlier build.

./scripts/rollback.sh ENV [COMMIT]
"""

import argparse
import sys

from scripts.azure import OperationError
from scripts.azure.az import require_login
from scripts.azure.builds import HeldBuilds
from scripts.azure.program import ended, leaving
from scripts.azure.release import SMOKE_SECONDS, Unchanged, put_into_service, serving
from scripts.azure.target import ENVIRONMENTS, Outputs, read_outputs, resource_group


def main() -> int:
    """Rolls back as the command line says; 0 when the earlier build serves."""
    parser = argparse.ArgumentParser(
        prog="rollback.sh",
        description="Deploy a kept build again and try it. The database stays as it is: migrations "
        "only add, so the build before runs on it.",
    )
    parser.add_argument("environment", choices=ENVIRONMENTS)
    parser.add_argument("commit", nargs="?", help="a kept commit (default: the one before)")
    given = parser.parse_args()
    rollback(given.environment, given.commit)
    return 0


def rollback(environment: str, commit: str | None) -> None:
    """The build of ``commit``, or the one deployed before the current one, in service."""
    with leaving("What served before still does. Run rollback.sh again."):
        require_login()
        group = resource_group(environment)
        outputs = read_outputs(group)
        with outputs.builds.held(f"rollback.sh {environment}") as builds:
            wanted = builds.history().before if commit is None else builds.find(commit)
            print(f"Going back to {wanted[:12]}", flush=True)
            _put_back(outputs, builds, group, wanted)


def _put_back(outputs: Outputs, builds: HeldBuilds, group: str, commit: str) -> None:
    history = builds.try_out(commit)
    deployed = history.commits
    try:
        put_into_service(outputs, group, commit, SMOKE_SECONDS)
    except Unchanged:
        builds.write(history)
        raise
    except OperationError as error:
        raise OperationError(
            f"{error} {commit[:12]} may run all the same. Another one: rollback.sh ENV COMMIT. "
            f"Those that served, the newest first: "
            f"{', '.join(c[:12] for c in reversed(deployed)) or 'none'}."
        ) from None
    # Going back once more goes further back, not forth again.
    before = deployed[: deployed.index(commit)] if commit in deployed else deployed
    serving(outputs, builds, [*before, commit])


if __name__ == "__main__":
    sys.exit(ended("rollback", main))
