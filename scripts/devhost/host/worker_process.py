"""One worker process: start it, load the app, hand it invocations, read its answers and logs."""

import asyncio
import contextlib
import logging
import os
import socket
import sys
from pathlib import Path
from typing import Any, Final

from scripts.devhost.host.errors import FunctionTimeout, HostError, WorkerLost
from scripts.devhost.host.frames import FrameConnection
from scripts.devhost.host.function_rpc import rpc
from scripts.devhost.host.functions import Function
from scripts.devhost.host.log import FUNCTIONS, get_log
from scripts.devhost.host.refusals import refusal, without_functions

_PROJECT: Final = Path(__file__).resolve().parents[3]
WORKER_PYTHON: Final = "languageWorkers__python__defaultExecutablePath"  # as the real host has it
HOST_VERSION: Final = "4.1037.0"
_LAST_WORDS_SECONDS: Final = 1.0
_LEVELS: Final = {
    rpc.RpcLog.Critical: logging.CRITICAL,
    rpc.RpcLog.Error: logging.ERROR,
    rpc.RpcLog.Warning: logging.WARNING,
    rpc.RpcLog.Information: logging.INFO,
}


class WorkerProcess:
    """One worker process and the requests it is working on."""

    def __init__(self, number: int) -> None:
        self.log = get_log(f"worker {number}")
        self.process: asyncio.subprocess.Process
        self.functions: asyncio.Task[list[Function]]
        self.lost = asyncio.Event()
        self._ending: asyncio.Task[None]
        self._printing: asyncio.Task[None]
        self.running: dict[str, asyncio.Future[Any]] = {}
        self._names: dict[str, str] = {}
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
        python = os.environ.get(WORKER_PYTHON, sys.executable)
        try:
            ours, theirs = socket.socketpair()
            ours.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.create_unix_connection(lambda: worker._connection, sock=ours)
            with theirs:
                worker.process = await _run(python, theirs.fileno())
        except OSError as error:
            worker._connection.close()
            raise HostError(f"Cannot start a worker with {python}: {error.strerror}.") from None
        worker.functions = asyncio.create_task(worker._load(app))
        return worker

    async def watch(self) -> None:
        """Log what the worker prints until it has ended.

        Its own end counts: processes that it has started may hold its output, and its end of the
        connection, for much longer.
        """
        self._printing = asyncio.create_task(self._log_output())
        await self.process.wait()
        await asyncio.wait([self._printing], timeout=_LAST_WORDS_SECONDS)
        self._connection.close()
        await self.lost.wait()

    async def _log_output(self) -> None:
        output = self.process.stdout
        while output is not None and not output.at_eof():
            with contextlib.suppress(ValueError):  # a line longer than the limit
                line = (await output.readline()).decode(errors="replace").rstrip()
                if line:
                    self.log.info(line)

    async def _load(self, app: Path) -> list[Function]:
        """What the library finds in the app; HostError in its words if it refuses it."""
        try:
            begun = await self._ask(
                "init",
                worker_init_request=rpc.WorkerInitRequest(
                    host_version=HOST_VERSION, function_app_directory=str(app)
                ),
            )
            _require_success(begun.worker_init_response.result, app)
            answer = await self._ask(
                "metadata", functions_metadata_request=rpc.FunctionsMetadataRequest()
            )
            metadata = answer.function_metadata_response
            _require_success(metadata.result, app)
            if not metadata.function_metadata_results:
                raise HostError(without_functions(app))
            for found in metadata.function_metadata_results:
                request = rpc.FunctionLoadRequest(function_id=found.function_id, metadata=found)
                loaded = await self._ask(found.function_id, function_load_request=request)
                _require_success(loaded.function_load_response.result, app)
        except WorkerLost:
            raise HostError(
                "The worker process ended while it loaded the app; its last words stand above."
            ) from None
        return [Function.from_metadata(found) for found in metadata.function_metadata_results]

    def _ask(self, request_id: str, **content: Any) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.running[request_id] = future
        message = rpc.StreamingMessage(request_id=request_id, **content)
        self._connection.send(message.SerializeToString())
        return future

    def invoke(self, name: str, request: Any) -> asyncio.Future[Any]:
        """Hand over one InvocationRequest; the future holds the message with its answer."""
        self._names[request.invocation_id] = name
        return self._ask(request.invocation_id, invocation_request=request)

    def forget(self, invocation_id: str) -> None:
        """Nobody waits for that answer any more."""
        self.running.pop(invocation_id, None)
        self._names.pop(invocation_id, None)

    def terminate(self) -> None:
        """Ask the process to end; it gets no more work."""
        self.lost.set()
        if self.process.returncode is None:
            self.process.terminate()

    def kill(self) -> None:
        """End the process at once; it gets no more work."""
        self.lost.set()
        if self.process.returncode is None:
            self.process.kill()

    def _receive(self, frame: bytes) -> None:
        message = rpc.StreamingMessage.FromString(frame)
        if message.WhichOneof("content") == "rpc_log":
            self._forward(message.rpc_log)
            return
        future = self.running.pop(message.request_id, None)
        if future is not None and not future.done():
            future.set_result(message)

    def _forward(self, log: Any) -> None:
        """A log record of the app; the library's own are shown with --verbose."""
        level, logger = _LEVELS.get(log.level, logging.DEBUG), get_log(FUNCTIONS)
        if log.log_category == rpc.RpcLog.RpcLogCategory.System:
            level, logger = logging.DEBUG, self.log
        name = self._names.get(log.invocation_id, log.category)
        component = f"{name} {log.invocation_id[:8]}".strip()
        logger.log(level, log.message, extra={"component": component})

    def time_out(self, invocation_id: str, seconds: float) -> None:
        """Fail an overlong invocation and end the worker, as the real host does."""
        future = self.running.get(invocation_id)
        if future is not None and not future.done():
            future.set_exception(FunctionTimeout(f"Timeout value of {seconds:g} seconds exceeded"))
            self.kill()

    def _connection_lost(self) -> None:
        if not hasattr(self, "process"):
            return  # it could not be started
        self.kill()
        self._ending = asyncio.create_task(self._fail_all())

    async def _fail_all(self) -> None:
        code = await self.process.wait()
        shown = code if code >= 0 else 128 - code  # as a shell tells the signal
        for future in self.running.values():
            if not future.done():
                future.set_exception(WorkerLost(f"python exited with code {shown} (0x{shown:X})"))


async def _run(python: str, descriptor: int) -> asyncio.subprocess.Process:
    path = os.pathsep.join(filter(None, [str(_PROJECT), os.environ.get("PYTHONPATH")]))
    return await asyncio.create_subprocess_exec(
        python,
        *("-m", "scripts.devhost.host.worker", str(descriptor), str(os.getpid())),
        pass_fds=[descriptor],
        env={**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        limit=2**20,
    )


def _require_success(result: Any, app: Path) -> None:
    if result.status != rpc.StatusResult.Success:
        raise HostError(refusal(app, result.exception.message, result.exception.stack_trace))
