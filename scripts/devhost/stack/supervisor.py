"""The process behind a running stack: it starts the parts, watches them, and ends them."""

import os
import select
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Final

from scripts.devhost.errors import StackError, sentence
from scripts.devhost.stack.earlier import remove_earlier_data
from scripts.devhost.stack.files import read_json, write_json
from scripts.devhost.stack.layout import Layout
from scripts.devhost.stack.lock import ALREADY_RUNNING, take
from scripts.devhost.stack.parts import Part
from scripts.devhost.stack.plan import Plan, Request
from scripts.devhost.stack.process import end_strays

TICK_SECONDS: Final = 0.1
PROBE_SECONDS: Final = 2.0
READY_SECONDS: Final = 120.0
# A part that dies as soon as it is started is tried ever more rarely.
LONGEST_PAUSE: Final = 2.0
SETTLED_SECONDS: Final = 10.0


class StoppedError(Exception):
    """Somebody asked the stack to stop while it was starting."""


@dataclass
class Watch:
    """What the supervisor remembers of a part."""

    part: Part
    restarts: int = 0
    healthy: bool = False
    started: float = 0.0
    probed: float = 0.0
    pause: float = 0.0


class Supervisor:
    """Runs one stack until it is told to stop."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.request = Request(**read_json(layout.request))
        self.stopping = False
        self.ready = False
        self.unreported = False  # the disk is full, or was until now
        self.notice: str | None = None  # for whoever starts the stack
        self.watches: dict[str, Watch] = {}

    def run(self) -> int:
        """Exit code 0 after an orderly end."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        with self.layout.lock.open("w") as lock:
            if not take(lock):
                return ALREADY_RUNNING
            end_strays(self.layout.directory)
            try:
                self._bring_up()
                while not self._told_to_stop():
                    self._look_after_parts()
                    if self.unreported:
                        self._report()
                    time.sleep(TICK_SECONDS)
            except StoppedError:
                pass
            except (StackError, OSError) as error:
                _say(f"failed: {error}")
                self._report(sentence(error))
                return 1
            finally:
                self._take_down()
            return 0

    def _stop(self, _: int, __: FrameType | None) -> None:
        self.stopping = True

    def _told_to_stop(self) -> bool:
        if self.request.tied and select.select([sys.stdin], [], [], 0)[0]:
            self.stopping = True  # only the end of the input can be read from it
        return self.stopping

    def _bring_up(self) -> None:
        self._report()
        if "postgres" in self.request.parts:
            self.notice = remove_earlier_data(self.layout)
        plan = Plan(self.layout, self.request)
        self.watches = {name: Watch(part) for name, part in plan.parts.items()}
        # PostgreSQL's start waits for it: whatever needs nothing warms up meanwhile.
        order = sorted(self.watches, key=("azurite", "imageweb", "postgres", "auth", "host").index)
        for name in order:
            if name == "host":
                self._wait_for(order[: order.index(name)])
                plan.provision()
            self._start(self.watches[name])
        self._wait_for(order)
        if "host" not in order:
            plan.provision()
        plan.info().write(self.layout.info)
        self.ready = True
        self._report()
        _say("ready")

    def _start(self, watch: Watch) -> None:
        if self._told_to_stop():
            raise StoppedError
        watch.started = time.monotonic()
        watch.healthy = False
        watch.part.start()
        _say(f"{watch.part.name} started as process {watch.part.pid} on port {watch.part.port}")
        self._report()

    def _wait_for(self, names: list[str]) -> None:
        deadline = time.monotonic() + READY_SECONDS
        for watch in (self.watches[name] for name in names if not self.watches[name].healthy):
            name = watch.part.name
            while not watch.part.healthy():
                if self._told_to_stop():
                    raise StoppedError
                if not watch.part.alive() or time.monotonic() > deadline:
                    raise StackError(f"{name} did not start (see {self.layout.log(name)}).")
                time.sleep(TICK_SECONDS / 4)
            watch.healthy = True
            _say(f"{name} is well after {time.monotonic() - watch.started:.1f} s")
            self._report()

    def _look_after_parts(self) -> None:
        for watch in self.watches.values():
            before = (watch.part.pid, watch.healthy)
            if not watch.part.alive():
                self._restart(watch)
            elif not watch.healthy or time.monotonic() > watch.probed + PROBE_SECONDS:
                watch.healthy = watch.part.healthy()
                watch.probed = time.monotonic()
            if (watch.part.pid, watch.healthy) != before:
                self._report()

    def _restart(self, watch: Watch) -> None:
        now = time.monotonic()
        watch.healthy = False
        if now < watch.started + watch.pause:
            return
        settled = now > watch.started + SETTLED_SECONDS
        watch.pause = 0.2 if settled else min(LONGEST_PAUSE, 2 * watch.pause + 0.2)
        watch.restarts += 1
        _say(f"{watch.part.name} died and is restarted")
        try:
            self._start(watch)
        except (StackError, OSError) as error:
            _say(f"{watch.part.name} did not restart: {error}")

    def _take_down(self) -> None:
        for watch in reversed(self.watches.values()):
            watch.part.stop()
        end_strays(self.layout.directory)
        self.layout.info.unlink(missing_ok=True)
        if self.ready or self.stopping:
            self.layout.state.unlink(missing_ok=True)

    def _report(self, error: str | None = None) -> None:
        state: dict[str, Any] = {
            "pid": os.getpid(),
            "ready": self.ready,
            "error": error,
            "notice": self.notice,
            "parts": {
                name: {
                    "pid": watch.part.pid,
                    "port": watch.part.port,
                    "healthy": watch.healthy,
                    "restarts": watch.restarts,
                }
                for name, watch in self.watches.items()
            },
        }
        try:
            write_json(self.layout.state, state)
        except FileNotFoundError:
            return  # somebody removed the directory under us
        except OSError as problem:
            if not self.ready:
                raise
            if not self.unreported:
                _say(f"{sentence(problem)} The parts go on when there is room.")
            self.unreported = True
        else:
            if self.unreported:
                _say("There is room again.")
            self.unreported = False


def _say(message: str) -> None:
    with suppress(OSError):  # the disk of the log may be full
        print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {message}", flush=True)


if __name__ == "__main__":
    sys.exit(Supervisor(Layout(Path(sys.argv[1]))).run())
