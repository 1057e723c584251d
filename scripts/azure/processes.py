"""Running other programs, none of which outlives what it was started for."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from scripts.azure import OperationError

ROOT: Final = Path(__file__).resolve().parents[2]
LIMIT_SECONDS: Final = 30 * 60.0  # whatever takes longer hangs
# For what an interrupted program still puts away: most of them little, the smoke test its user.
GRACE_SECONDS: Final = 5.0
TALKING_GRACE_SECONDS: Final = 60.0


def run(
    command: Sequence[str], *, cwd: Path = ROOT, environment: Mapping[str, str] | None = None,
    check: bool = True, seconds: float = LIMIT_SECONDS,
) -> str:  # fmt: skip
    """What the program printed.

    Raises:
        OperationError: it cannot be run, it failed, with what it said, or it took longer.
    """
    with _started(
        command, GRACE_SECONDS, cwd=cwd, env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, errors="replace",  # what it says may be in any encoding
    ) as process:  # fmt: skip
        try:
            printed, said = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as late:
            raise OperationError(
                f"{_name(command)} did not end within {_span(late.timeout)}, and was ended here."
            ) from None
    if check and process.returncode:
        said = said.strip() or f"it says nothing, exit code {process.returncode}"
        raise OperationError(f"{_name(command)} failed: {said[-2000:]}")
    return str(printed)


def call(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """The exit code of a program that talks to whoever runs this one."""
    with _started(command, TALKING_GRACE_SECONDS, cwd=ROOT, env=environment) as process:
        return process.wait()


@contextmanager
def _started(
    command: Sequence[str], grace: float, **options: Any
) -> Iterator["subprocess.Popen[Any]"]:
    """The program; Ctrl-C reaches us alone, and we pass it on and wait."""
    try:
        # Nobody would see what it asks.
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, start_new_session=True, **options
        )
    except FileNotFoundError:
        raise OperationError(f"{command[0]} is not installed, or not on the PATH.") from None
    except OSError as error:
        raise OperationError(f"{command[0]} cannot be run: {error.strerror}.") from None
    with process:
        try:
            yield process
        except BaseException:
            _end(process, grace)
            raise


def _end(process: "subprocess.Popen[Any]", grace: float) -> None:
    """Ends it with all that it started: az is a shell script around the program that hangs."""
    try:
        with suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(process.pid, signal.SIGINT)
            process.wait(grace)
    finally:  # a second Ctrl-C too
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _name(command: Sequence[str]) -> str:
    return f"{' '.join([Path(command[0]).name, *command[1:4]])} …"


def _span(seconds: float) -> str:
    return f"{seconds / 60:g} minutes" if seconds > 60 else f"{seconds:g} s"
