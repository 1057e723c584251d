"""Back to an earlier build.

./scripts/rollback.sh ENV [COMMIT]
"""

import argparse
import sys

from scripts.azure import OperationError
from scripts.azure.az import require_login
from scripts.azure.release import SMOKE_SECONDS, put_into_service
from scripts.azure.target import ENVIRONMENTS, Builds, read_outputs, resource_group


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
    try:
        rollback(given.environment, given.commit)
    except OperationError as error:
        print(f"rollback: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("rollback: interrupted; the earlier build may run, untried.", file=sys.stderr)
        return 130
    return 0


def rollback(environment: str, commit: str | None) -> None:
    """The build of ``commit``, or the one deployed before the current one, in service."""
    require_login()
    group = resource_group(environment)
    outputs = read_outputs(group)
    builds = outputs.builds
    deployed = builds.deployed()
    wanted = _before(builds) if commit is None else builds.find(commit)
    print(f"Going back to {wanted[:12]}", flush=True)
    builds.record(deployed, untried=wanted)
    try:
        put_into_service(outputs, group, wanted, SMOKE_SECONDS)
    except OperationError as error:
        raise OperationError(
            f"{error} {wanted[:12]} may run all the same. Another one: rollback.sh {environment} "
            f"COMMIT. Those that served, the newest first: "
            f"{', '.join(c[:12] for c in reversed(deployed)) or 'none'}."
        ) from None
    # Going back once more goes further back, not forth again.
    before = deployed[: deployed.index(wanted)] if wanted in deployed else deployed
    builds.record([*before, wanted])
    print(f"{wanted[:12]} serves at {outputs.app_url}")


def _before(builds: Builds) -> str:
    """The newest build that served before what runs now.

    Raises:
        OperationError: there is none.
    """
    # After a deployment that was interrupted, or could not go back, something else runs than the
    # last one that served.
    deployed, place = builds.deployed(), 1 if builds.untried() else 2
    if len(deployed) < place:
        raise OperationError("No build was deployed before the current one.")
    return deployed[-place]


if __name__ == "__main__":
    sys.exit(main())
