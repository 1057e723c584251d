"""Running other programs."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from scripts.azure import OperationError

ROOT: Final = Path(__file__).resolve().parents[2]


def run(
    command: Sequence[str], *, cwd: Path = ROOT, environment: Mapping[str, str] | None = None,
    check: bool = True,
) -> str:  # fmt: skip
    """What the program printed.

    Raises:
        OperationError: it cannot be run, or it failed; with what it said.
    """
    try:
        ended = subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, check=False,
            # Nobody would see what it asks. What it says may be in any encoding.
            stdin=subprocess.DEVNULL, errors="replace",
        )  # fmt: skip
    except FileNotFoundError:
        raise OperationError(f"{command[0]} is not installed, or not on the PATH.") from None
    except OSError as error:
        raise OperationError(f"{command[0]} cannot be run: {error.strerror}.") from None
    if check and ended.returncode:
        said = ended.stderr.strip() or ended.stdout.strip()
        raise OperationError(f"{' '.join(command[:4])} … failed: {said[-2000:]}")
    return ended.stdout
