"""The worker processes: start, share out invocations, restart what dies."""

import asyncio
import contextlib
import itertools
import logging
import os
import socket
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from scripts.devhost.host.errors import FunctionTimeout, HostError, InvocationError, WorkerLost
from scripts.devhost.host.frames import Frame, FrameConnection
from scripts.devhost.host.functions import Function
from scripts.devhost.host.log import get_log

Answer = tuple[Any, list[tuple[str, list[bytes]]]]
_PROJECT: Final = Path(__file__).resolve().parents[3]
_STABLE_SECONDS: Final = 10.0
_MAX_RESTART_DELAY: Final = 5.0
WORKER_PYTHON: Final = "languageWorkers__python__defaultExecutablePath"  # as the real host has it


class WorkerProcess:
    """One worker process and the invocations it is running."""

    def __init__(self, number: int) -> None:
        self.log = get_log(f"worker {number}")
        self.process: asyncio.subprocess.Process
        self.functions: asyncio.Future[tuple[list[Function], list[str]]] = (
            asyncio.get_running_loop().create_future()
        )
        self.lost = asyncio.Event()
        self.running: dict[int, asyncio.Future[Answer]] = {}
        self._numbers = itertools.count()
        self._connection = FrameConnection(self._receive, self._connection_lost)

    @property
    def is_ready(self) -> bool:
        """Whether the worker can be handed an invocation."""
        return self.functions.done() and not self.lost.is_set()

    @property
    def pid(self) -> int:
        """The process id."""
        return self.process.pid

    @classmethod
    async def start(cls, number: int, app: Path) -> "WorkerProcess":
        """Start a process; `functions` resolves when it has loaded the app."""
        worker = cls(number)
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.create_unix_connection(lambda: worker._connection, sock=ours)
        path = os.pathsep.join(filter(None, [str(_PROJECT), os.environ.get("PYTHONPATH")]))
        arguments = ["-m", "scripts.devhost.host.worker", str(theirs.fileno()), str(os.getpid())]
        worker.process = await asyncio.create_subprocess_exec(
            os.environ.get(WORKER_PYTHON, sys.executable),
            *arguments,
            str(app),
            pass_fds=[theirs.fileno()],
            env={**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=2**20,
        )
        theirs.close()
        return worker

    async def watch(self) -> None:
        """Log what the worker prints until it has ended."""
        output = self.process.stdout
        while output is not None and not output.at_eof():
            with contextlib.suppress(ValueError):  # a line longer than the limit
                line = (await output.readline()).decode(errors="replace").rstrip()
                if line:
                    self.log.info(line)
        await self.process.wait()
        await self.lost.wait()

    def configure(self, durable_client: str) -> None:
        """Tell the worker what a durable client binding is given."""
        self._connection.send(("configure", durable_client))

    def invoke(self, name: str, payload: Any) -> tuple[int, asyncio.Future[Answer]]:
        """Hand over one invocation; the future holds its answer."""
        number = next(self._numbers)
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.running[number] = future
        self._connection.send(("invoke", number, name, uuid.uuid4().hex, payload))
        return number, future

    def kill(self) -> None:
        """End the process at once."""
        if self.process.returncode is None:
            self.process.kill()

    def _receive(self, frame: Frame) -> None:
        match frame:
            case ("result", number, result, outputs):
                self._resolve(number, (result, outputs))
            case ("error", number, message, trace):
                self._fail(number, InvocationError(message, trace))
            case ("log", level, function, invocation_id, text):
                component = f"{function} {invocation_id[:8]}".strip()
                self.log.log(level, text, extra={"component": component})
            case ("ready", described, problems):
                functions = [Function(name, tuple(bindings)) for name, bindings in described]
                self.functions.set_result((functions, problems))
            case ("failed", message):
                self.functions.set_exception(HostError(f"The app cannot be loaded: {message}"))

    def _resolve(self, number: int, answer: Answer) -> None:
        future = self.running.pop(number)
        if not future.done():
            future.set_result(answer)

    def _fail(self, number: int, error: Exception) -> None:
        future = self.running.pop(number)
        if not future.done():
            future.set_exception(error)

    def time_out(self, number: int, seconds: float) -> None:
        """Fail an overlong invocation and end the worker, as the real host does."""
        if number in self.running:
            self._fail(number, FunctionTimeout(f"Timeout value of {seconds:g} seconds exceeded"))
            self.kill()

    def _connection_lost(self) -> None:
        self.lost.set()
        for number in list(self.running):
            self._fail(number, WorkerLost("the worker process died"))
        if not self.functions.done():
            self.functions.set_exception(HostError("The worker process died while loading."))
            self.functions.exception()  # read once: nobody may be waiting for it


class WorkerPool:
    """Keeps N workers alive and gives every invocation to the least busy one."""

    def __init__(self, app: Path, count: int, function_timeout: float | None) -> None:
        self._app = app
        self._count = count
        self._timeout = function_timeout
        self._workers: list[WorkerProcess] = []
        self._keepers: list[asyncio.Task[None]] = []
        self._ready = asyncio.Event()
        self._durable_client = ""
        self._log = get_log("workers")

    async def start(self) -> tuple[list[Function], list[str]]:
        """Start all workers; the functions the app declares and the problems found in it."""
        for number in range(1, self._count + 1):
            self._workers.append(await WorkerProcess.start(number, self._app))
        watchers = [asyncio.create_task(worker.watch()) for worker in self._workers]
        loaded = await asyncio.gather(*(worker.functions for worker in self._workers))
        self._keepers = [
            asyncio.create_task(self._keep(slot, watcher)) for slot, watcher in enumerate(watchers)
        ]
        self._ready.set()
        return loaded[0]

    @property
    def process_ids(self) -> list[int]:
        """The processes that can run functions now."""
        return [worker.pid for worker in self._workers if worker.is_ready]

    def configure(self, durable_client: str) -> None:
        """Set what durable client bindings are given, in every worker from now on."""
        self._durable_client = durable_client
        for worker in self._workers:
            worker.configure(durable_client)

    async def invoke(
        self, name: str, payload: Any, on_sent: Callable[[int], None] | None = None
    ) -> Answer:
        """Run the function; raises InvocationError or WorkerLost."""
        worker = await self._least_busy()
        number, future = worker.invoke(name, payload)
        if on_sent is not None:
            on_sent(worker.pid)
        if self._timeout is None:
            return await future
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._timeout, worker.time_out, number, self._timeout)
        try:
            return await future
        finally:
            timer.cancel()

    async def stop(self) -> None:
        """End all workers."""
        for keeper in self._keepers:
            keeper.cancel()
        for worker in self._workers:
            worker.kill()
        for worker in self._workers:
            await worker.process.wait()

    async def _least_busy(self) -> WorkerProcess:
        while True:
            ready = [worker for worker in self._workers if worker.is_ready]
            if ready:
                return min(ready, key=lambda worker: len(worker.running))
            self._ready.clear()
            await self._ready.wait()

    async def _keep(self, slot: int, watcher: asyncio.Task[None]) -> None:
        """Replace the worker of this slot whenever it dies; wait longer if it dies young."""
        delay, born = 0.0, time.monotonic()
        while True:
            await watcher
            code = self._workers[slot].process.returncode
            self._log.warning("worker %d ended (exit code %s), starting it again", slot + 1, code)
            young = time.monotonic() - born < _STABLE_SECONDS
            await asyncio.sleep(delay)
            delay = min(_MAX_RESTART_DELAY, delay * 2 or 0.25) if young else 0.0
            born = time.monotonic()
            watcher = await self._replace(slot)

    async def _replace(self, slot: int) -> asyncio.Task[None]:
        worker = await WorkerProcess.start(slot + 1, self._app)
        watcher = asyncio.create_task(worker.watch())
        try:
            await worker.functions
        except HostError as error:
            self._log.log(logging.ERROR, "%s", error)
            worker.kill()
        else:
            worker.configure(self._durable_client)
            self._workers[slot] = worker
            self._ready.set()
        return watcher
