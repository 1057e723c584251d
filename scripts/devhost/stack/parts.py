"""The parts of the stack: how each is started, and how one sees that it is well."""

import os
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Protocol

from scripts.devhost.paths import ROOT
from scripts.devhost.stack.ports import is_listening
from scripts.devhost.stack.postgres import Postgres
from scripts.devhost.stack.process import end, kill_group, spawn


class Part(Protocol):
    """One server of the stack."""

    name: str
    port: int

    @property
    def pid(self) -> int | None:
        """The process that was started last."""

    def start(self) -> None:
        """Start it; it may not answer yet."""

    def alive(self) -> bool:
        """Whether its process runs."""

    def healthy(self) -> bool:
        """Whether it answers as it should."""

    def stop(self) -> None:
        """End it and everything it started."""


@dataclass
class Server:
    """A part that is one command."""

    name: str
    port: int
    command: list[str]
    environment: Callable[[], Mapping[str, str]]
    log: Path
    probe: Callable[[], bool]
    grace: float = 5.0
    process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process that was started last."""
        return self.process.pid if self.process else None

    def start(self) -> None:
        """Start the command; what a dead predecessor left of its group goes first."""
        if self.process is not None:
            kill_group(self.process.pid)
        environment = {**os.environ, **self.environment()}
        self.process = spawn(self.command, environment=environment, log=self.log, cwd=ROOT)

    def alive(self) -> bool:
        """Whether its process runs."""
        return self.process is not None and self.process.poll() is None

    def healthy(self) -> bool:
        """Whether it runs and its probe says yes."""
        return self.alive() and self.probe()

    def stop(self) -> None:
        """End it with its children."""
        if self.process is not None:
            end(self.process, self.grace)


@dataclass
class Database:
    """PostgreSQL; `start` returns when it answers and is migrated."""

    port: int
    data: Path
    name: str = "postgres"
    server: Postgres | None = None

    @property
    def url(self) -> str:
        """Where it is reached."""
        if self.server is None:
            raise RuntimeError("PostgreSQL was not started")
        return self.server.url

    @property
    def pid(self) -> int | None:
        """The process that was started last."""
        process = self.server.process if self.server else None
        return process.pid if process else None

    def start(self) -> None:
        """Start the server on its data."""
        self.server = Postgres.start(self.data, self.port)

    def alive(self) -> bool:
        """Whether its process runs."""
        return self.server is not None and self.server.alive

    def healthy(self) -> bool:
        """Whether it runs and listens."""
        return self.alive() and (self.pid is None or is_listening(self.port))

    def stop(self) -> None:
        """Shut down fast."""
        if self.server is not None:
            self.server.stop()


def http_probe(port: int, path: str, headers: Mapping[str, str] | None = None) -> bool:
    """Whether a GET on loopback answers 200."""
    return http_call(port, "GET", path, headers=headers or {})[0] == 200


def http_call(
    port: int, method: str, path: str, *, headers: Mapping[str, str], body: str | None = None
) -> tuple[int, bytes]:
    """Status and body of a call to a part; status 0 when it does not answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    with suppress(OSError, HTTPException):
        try:
            connection.request(method, path, body=body, headers=dict(headers))
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()
    return 0, b""
