"""The app on the local host, with nothing in its environment but what a test gives it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from scripts.devhost.stack.ports import is_free, random_ports

ROOT = Path(__file__).parents[3]
APP = ("function_app.py", "host.json", "functions", "orchestrations", "shared")
SECONDS = 60.0


def free_port() -> int:
    """A port that nobody listens on."""
    return next(filter(is_free, random_ports()))


class HostedApp:
    """The app in a directory of its own, so that it finds no settings and leaves no log of ours."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "app"
        self.directory.mkdir()
        for name in APP:
            (self.directory / name).symlink_to(ROOT / name)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = directory / "host.log"
        self._state = directory / "state"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def said(self) -> str:
        """All log lines so far."""
        return self._log.read_text()

    def start(self, environment: Mapping[str, str], *options: str) -> Self:
        """Starts the host."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "scripts.devhost", "--app", str(self.directory),
                 "--state", str(self._state), *options],
                cwd=ROOT, env={"PATH": os.environ["PATH"], **environment}, stdout=log, stderr=log,
            )  # fmt: skip
        return self

    def wait_until_ready(self) -> Self:
        """Returns when it answers."""
        deadline = time.monotonic() + SECONDS
        while not self._answers():
            assert self._process, "not started"
            assert self._process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.05)
        return self

    def wait(self) -> int:
        """The exit code, once the host has ended by itself."""
        assert self._process
        return self._process.wait(SECONDS)

    def stop(self) -> int:
        """Asks the host to end; its exit code."""
        assert self._process
        self._process.send_signal(signal.SIGTERM)
        return self.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if self._process and self._process.poll() is None:
            self.stop()

    def _answers(self) -> bool:
        with suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/health/live").status_code == 200
        return False
