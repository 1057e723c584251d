"""Child processes that do not outlive the one that started them."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

# Every process of a stack carries this variable with the stack's directory: so the strays of
# a supervisor that was killed can be told from anybody else's processes.
MARK: Final = "PIXCRAWLER_STACK"
_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None) if sys.platform == "linux" else None


def spawn(
    command: Sequence[str], *, environment: Mapping[str, str], log: Path, cwd: Path
) -> subprocess.Popen[bytes]:
    """Start a process in a group of its own, which the kernel kills when this thread ends."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            cwd=cwd, start_new_session=True, preexec_fn=_die_with_parent(os.getpid()),
        )  # fmt: skip


def _die_with_parent(parent: int) -> Callable[[], None]:
    def set_death_signal() -> None:
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:  # it died before the call
                os._exit(1)

    return set_death_signal


def end(process: subprocess.Popen[bytes], grace: float) -> None:
    """Ask the process to stop, and after the grace kill it with all it started."""
    with suppress(ProcessLookupError):
        process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(grace)
    kill_group(process.pid)
    process.wait()


def kill_group(leader: int) -> None:
    """Kill whatever is left of the group that the process leads or led."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def strays(directory: Path) -> list[int]:
    """The processes that belong to the stack in the directory."""
    mark = f"{MARK}={directory}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with suppress(OSError):
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return found


def end_strays(directory: Path, seconds: float = 10) -> None:
    """Kill the stack's processes that nobody supervises any more."""
    deadline = time.monotonic() + seconds
    while (pids := strays(directory)) and time.monotonic() < deadline:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)
