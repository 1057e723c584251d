"""Start the host as a subprocess, as a user does, and talk to it."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from scripts.devhost.stack.ports import is_free, random_ports

APPS = Path(__file__).parent / "apps"
T = TypeVar("T")
START_SECONDS = 120.0
STORAGE_PROVIDER = "AzureFunctionsJobHost__extensions__durableTask__storageProvider"


def free_port() -> int:
    """A port that nobody listens on, nor is given for an outgoing connection."""
    return next(filter(is_free, random_ports()))


def eventually(probe: Callable[[], T], seconds: float = 60.0) -> T:
    """The first true result of the probe."""
    deadline = time.monotonic() + seconds
    while not (result := probe()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return result


class RunningHost:
    """One host process over a copy of a fixture app; its state outlives the process."""

    def __init__(self, directory: Path, script: str, **environment: str) -> None:
        self.directory = directory
        self.port = free_port()
        self.trace = directory / "trace.txt"
        self.log = directory / "host.log"
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=20)
        self.app = directory / "app"
        if not self.app.exists():
            shutil.copytree(APPS, self.app, ignore=shutil.ignore_patterns("__pycache__"))
        self.trace.touch()
        self._environment = {
            **os.environ,
            "PYTHON_SCRIPT_FILE_NAME": script,
            "TRACE_FILE": str(self.trace),
            "PYTHONDONTWRITEBYTECODE": "1",
            # What a host that was killed held comes back soon: 5 minutes are the default.
            f"{STORAGE_PROVIDER}__workItemQueueVisibilityTimeout": "00:00:01",
            **environment,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def launch(self, *options: str) -> subprocess.Popen[bytes]:
        """Start the process without waiting for it to be ready."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "scripts.devhost"),
                    *("--app", str(self.app), "--state", str(self.directory / "state")),
                    *("--port", str(self.port), "--verbose", "--episode-lease", "1"),
                    *options,
                ],
                env=self._environment,
                stdout=log,
                stderr=log,
            )
        return self._process

    def start(self, *options: str) -> Self:
        """Start the process and wait until it is ready."""
        self.launch(*options)
        return self.wait_until_ready()

    def wait_until_ready(self) -> Self:
        """Wait until the process that was launched answers."""
        process = self._process

        def is_ready() -> bool:
            assert process is not None
            assert process.poll() is None, self.log.read_text()
            with contextlib.suppress(httpx.TransportError):
                return self.client.get("/admin/host/status").status_code == 200
            return False

        eventually(is_ready, START_SECONDS)
        return self

    def kill(self) -> None:
        """End the process as kill -9 does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def wait(self) -> int:
        """The exit code, once the process has ended by itself."""
        assert self._process is not None
        return self._process.wait(60)

    def stop(self) -> int:
        """Ask the process to end; its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(60)

    def __enter__(self) -> Self:
        return self if self._process is not None else self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            self.stop()
        self.client.close()

    @property
    def marks(self) -> list[str]:
        """What the app noted down."""
        return self.trace.read_text().splitlines()

    def worker_pids(self) -> list[int]:
        """The processes that the host has started."""
        assert self._process is not None
        return children_of(self._process.pid)

    def begin(self, name: str, given: Any = None, instance_id: str | None = None) -> str:
        """Start an orchestration through the app; its instance id."""
        query = f"?id={instance_id}" if instance_id else ""
        content = {} if given is None else {"json": given}
        reply = self.client.post(f"/api/start/{name}{query}", **content)
        assert reply.status_code == 202, reply.text
        return str(reply.json()["id"])

    def do(self, operation: str, instance_id: str, given: Any = None, **query: str) -> Any:
        """Call a method of the durable client through the app."""
        reply = self.client.post(
            f"/api/do/{operation}/{instance_id}", json=given, params={**query, "v": "1"}
        )
        assert reply.status_code == 200, (operation, reply.status_code, self.log.read_text())
        return reply.json()

    def status(self, instance_id: str) -> dict[str, Any]:
        """The instance as the management API shows it."""
        path = f"/runtime/webhooks/durabletask/instances/{instance_id}"
        return dict(self.client.get(path, params={"showHistory": "true"}).json())

    def result(self, instance_id: str) -> dict[str, Any]:
        """The instance once it has ended."""
        ended = ("Completed", "Failed", "Terminated")

        def probe() -> dict[str, Any] | None:
            status = self.status(instance_id)
            return status if status["runtimeStatus"] in ended else None

        return eventually(probe) or {}


def children_of(pid: int) -> list[int]:
    """The ids of a process's children, without zombies."""
    return [child for child, parent in _processes() if parent == pid]


def is_alive(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    return any(found == pid for found, _ in _processes())


def _processes() -> Iterator[tuple[int, int]]:
    for directory in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            after_name = (directory / "stat").read_text().rpartition(")")[2].split()
            if after_name[0] != "Z":
                yield int(directory.name), int(after_name[1])
