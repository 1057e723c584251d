"""The local stack as Python code uses it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from scripts.devhost.errors import StackError
from scripts.devhost.paths import ROOT
from scripts.devhost.stack.files import read_json, write_json
from scripts.devhost.stack.info import StackInfo
from scripts.devhost.stack.layout import Layout
from scripts.devhost.stack.lock import ALREADY_RUNNING, is_running
from scripts.devhost.stack.plan import PARTS, Request
from scripts.devhost.stack.process import MARK, end, end_strays

STOP_SECONDS: Final = 60.0
RESTART_SECONDS: Final = 60.0
Say = Callable[[str], None]


class LocalStack:
    """PostgreSQL, Azurite, Supabase Auth, the image web and the Functions host on loopback.

    As a context manager it runs inside the `with` and dies with the process that entered it;
    `start(detached=True)` leaves it running until somebody calls `stop` for the directory.
    With `legacy_jwt` Supabase Auth is one of an older project, see `auth/keys.py`.
    """

    def __init__(
        self, directory: Path, parts: Sequence[str] = PARTS, *,
        environment: Mapping[str, str] | None = None, host_options: Sequence[str] = (),
        image_web_options: Sequence[str] = (), ports: Mapping[str, int] | None = None,
        legacy_jwt: bool = False,
    ) -> None:  # fmt: skip
        unknown = set(parts) - set(PARTS)
        if unknown:
            raise StackError(f"There is no part called {', '.join(sorted(unknown))}.")
        self.layout = Layout(directory.resolve())
        self.request = Request(
            parts=tuple(parts), environment=dict(environment or {}),
            host_options=tuple(host_options), image_web_options=tuple(image_web_options),
            ports=dict(ports or {}),
            legacy_jwt=legacy_jwt,
        )  # fmt: skip
        self._supervisor: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def info(self) -> StackInfo:
        """Addresses, keys and users of the running stack."""
        return StackInfo.read(self.layout.info)

    @property
    def running(self) -> bool:
        """Whether a supervisor looks after the stack."""
        return is_running(self.layout)

    def start(self, *, detached: bool = False, say: Say = lambda _: None) -> Self:
        """Return when every part is ready; at once when the stack is up already."""
        self.layout.make()
        mine = not self.running
        try:
            if mine:
                self._prepare(say)
                self._spawn(detached)
            self._wait_until_ready()
            if mine and (notice := self.state().get("notice")):
                say(notice)
        except BaseException:
            if mine:
                self.stop()
            raise
        return self

    def stop(self) -> None:
        """End every process of the stack; its data stays."""
        if self._supervisor is not None:
            with self._supervisor:
                end(self._supervisor, STOP_SECONDS)
            self._supervisor = None
        elif self.running and (pid := self.state().get("pid")):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            if not _happens(lambda: not self.running, STOP_SECONDS):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        end_strays(self.layout.directory)
        self.layout.info.unlink(missing_ok=True)
        self.layout.state.unlink(missing_ok=True)

    def state(self) -> dict[str, Any]:
        """What the supervisor last wrote of itself and its parts."""
        return read_json(self.layout.state)

    def pid(self, part: str) -> int:
        """The process of a part."""
        pid = self.state().get("parts", {}).get(part, {}).get("pid")
        if not isinstance(pid, int):
            raise StackError(f"{part} is not running.")
        return pid

    def log(self, part: str) -> Path:
        """The log file of a part or of the supervisor."""
        return self.layout.log(part)

    def kill(self, part: str) -> int:
        """SIGKILL the process of a part; the supervisor will restart it."""
        pid = self.pid(part)
        os.kill(pid, signal.SIGKILL)
        return pid

    def restart(self, part: str) -> None:
        """Stop a part in an orderly way and return when its successor is well."""
        pid = self.pid(part)
        # SIGINT is what makes PostgreSQL not wait for its clients.
        os.kill(pid, signal.SIGINT if part == "postgres" else signal.SIGTERM)
        self.wait_for_successor(part, pid)

    def wait_for_successor(self, part: str, pid: int) -> None:
        """Return when another process than `pid` serves as the part and is well."""

        def replaced() -> bool:
            state = self.state().get("parts", {}).get(part, {})
            return bool(state.get("healthy")) and state.get("pid") not in (None, pid)

        if not _happens(replaced, RESTART_SECONDS):
            raise StackError(f"{part} did not come back (see {self.log(part)}).")

    def _prepare(self, say: Say) -> None:
        from scripts.devhost.stack.prepare import prepare

        prepare(self.request, say)

    def _spawn(self, detached: bool) -> None:
        self.request.tied = not detached
        write_json(self.layout.request, asdict(self.request))
        self.layout.state.unlink(missing_ok=True)
        with self.layout.log("supervisor").open("ab") as log:
            self._supervisor = subprocess.Popen(
                [sys.executable, "-m", "scripts.devhost.stack.supervisor",
                 str(self.layout.directory)],
                stdin=subprocess.DEVNULL if detached else subprocess.PIPE, stdout=log, stderr=log,
                cwd=ROOT, start_new_session=True,
                env=os.environ | {MARK: str(self.layout.directory)},
            )  # fmt: skip

    def _wait_until_ready(self) -> None:
        while True:
            state = self.state()
            if state.get("error"):
                raise StackError(state["error"])
            if state.get("ready") and self.layout.info.exists():
                return
            if self._ended():
                raise StackError(
                    f"The stack stopped while it was starting (see {self.log('supervisor')})."
                )
            time.sleep(0.03)

    def _ended(self) -> bool:
        if self._supervisor is None:
            return not self.running
        code = self._supervisor.poll()
        if code == ALREADY_RUNNING:  # another `up` was faster: wait for its stack
            self._supervisor = None
            return False
        return code is not None and not self.state().get("error")


def _happens(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.03)
    return True
