"""Processes that run side by side, their lines joined, and end together."""

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

GRACE_SECONDS: Final = 10
WINDOWS: Final = sys.platform == "win32"


class Children:
    """A few processes; each line they print is shown with the name of its process."""

    def __init__(self) -> None:
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self._ended: queue.Queue[str] = queue.Queue()

    def start(
        self, name: str, command: Sequence[str], *, cwd: Path, environment: Mapping[str, str]
    ) -> None:
        """Starts a process in a group of its own: Ctrl-C reaches us alone."""
        flags = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
        process = subprocess.Popen(
            command, cwd=cwd, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
            start_new_session=not WINDOWS, creationflags=flags,
        )  # fmt: skip
        self._processes[name] = process
        threading.Thread(target=self._show, args=(name, process.stdout), daemon=True).start()

    def wait(self) -> str:
        """The name of the first process that ends; waits for that."""
        while True:
            # A timeout, because Ctrl-C does not interrupt an endless wait on Windows.
            with suppress(queue.Empty):
                return self._ended.get(timeout=0.5)

    def exit_code(self, name: str) -> int:
        """With what a process that has ended did so."""
        return self._processes[name].wait()

    def stop(self) -> None:
        """Ends all of them with everything they started."""
        for process in self._processes.values():
            _ask(process)
        for process in self._processes.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(GRACE_SECONDS)
            _end(process)
            process.wait()

    def _show(self, name: str, lines: IO[str] | None) -> None:
        for line in lines or ():
            print(f"{name:>9} | {line}", end="", flush=True)
        self._ended.put(name)


def _ask(process: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):
        if sys.platform == "win32":
            process.send_signal(signal.CTRL_BREAK_EVENT)
        else:
            os.killpg(process.pid, signal.SIGINT)


def _end(process: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
