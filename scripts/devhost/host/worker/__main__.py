"""The worker's entry point: python -m scripts.devhost.host.worker SOCKET_FD PARENT_PID.

What Azure's own program around the library does, with a pair of sockets in place of gRPC: it hands
on the host's messages, and sends answers and log records back. How functions are found, called and
answered is the library's affair.
"""

import asyncio
import ctypes
import logging
import os
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import azure_functions_runtime as library
import uvloop

from scripts.devhost.host.frames import FrameConnection
from scripts.devhost.host.function_rpc import rpc

_PR_SET_PDEATHSIG: Final = 1
_PACKAGES: Final = ".python_packages/lib/site-packages"
_LIBRARY_LOG: Final = "azure.functions"
_LEVELS: Final = (
    (logging.CRITICAL, rpc.RpcLog.Critical),
    (logging.ERROR, rpc.RpcLog.Error),
    (logging.WARNING, rpc.RpcLog.Warning),
    (logging.INFO, rpc.RpcLog.Information),
    (logging.DEBUG, rpc.RpcLog.Debug),
)

Handler = Callable[[Any], Awaitable[Any]]


class _ForwardingHandler(logging.Handler):
    """Sends log records to the host with the invocation they belong to."""

    def __init__(self, worker: "Worker") -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(message)s"))
        self._worker = worker

    def emit(self, record: logging.LogRecord) -> None:
        is_system = record.name.startswith(_LIBRARY_LOG)
        log = rpc.RpcLog(
            invocation_id=library.invocation_id_cv.get() or "",
            category=record.name,
            level=next((to for floor, to in _LEVELS if record.levelno >= floor), rpc.RpcLog.Trace),
            message=self.format(record),
            log_category=rpc.RpcLog.RpcLogCategory.System if is_system else 0,
        )
        self._worker.send_from_any_thread(rpc.StreamingMessage(rpc_log=log))


class Worker:
    """Answers the host's messages until the host is gone."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        self._connection = FrameConnection(self._receive, _host_gone)
        self._tasks: set[asyncio.Task[None]] = set()
        self._handlers: dict[str, tuple[str, Handler]] = {
            "worker_init_request": ("worker_init_response", _initialise),
            "functions_metadata_request": (
                "function_metadata_response",
                library.functions_metadata_request,
            ),
            "function_load_request": ("function_load_response", library.function_load_request),
            "invocation_request": ("invocation_response", _invoke),
        }

    async def run(self, link: socket.socket) -> None:
        """Serve the host at the other end for ever."""
        logging.basicConfig(level=logging.INFO, handlers=[_ForwardingHandler(self)], force=True)
        logging.getLogger("azure").setLevel(logging.WARNING)
        await self._loop.create_unix_connection(lambda: self._connection, sock=link)
        await self._loop.create_future()

    def send_from_any_thread(self, message: Any) -> None:
        """Send from user code, which may run on the pool or on a thread of its own."""
        frame = message.SerializeToString()
        if threading.get_ident() == self._loop_thread:
            self._connection.send(frame)  # at once, so that a log line precedes the result
        else:
            self._loop.call_soon_threadsafe(self._connection.send, frame)

    def _receive(self, frame: bytes) -> None:
        message = rpc.StreamingMessage.FromString(frame)
        task = self._loop.create_task(self._answer(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, message: Any) -> None:
        content = message.WhichOneof("content")
        name, handler = self._handlers[content]
        try:
            response = await handler(SimpleNamespace(request=message, properties={"protos": rpc}))
        except BaseException:
            # The library answers for an Exception only, and an import may end by others.
            # A call without an answer ends with functionTimeout; loading would never end.
            if content != "invocation_request":
                traceback.print_exc()
                os._exit(1)
            raise
        answer = rpc.StreamingMessage(request_id=message.request_id, **{name: response})
        self._connection.send(answer.SerializeToString())


async def _initialise(request: Any) -> Any:
    """Find and index the app's functions; what is wrong with them is the answer's result."""
    app = Path(request.request.worker_init_request.function_app_directory)
    os.chdir(app)
    sys.path[:0] = [str(app), str(app / _PACKAGES)]
    library.start_threadpool_executor()
    return await library.worker_init_request(request)


async def _invoke(request: Any) -> Any:
    # In threads the library sets it by itself; coroutines inherit it from here.
    library.invocation_id_cv.set(request.request.invocation_request.invocation_id)
    return await library.invocation_request(request)


def _host_gone() -> None:
    os._exit(0)  # user threads may never end; the host that could use them is gone


def _die_with(parent: int) -> None:
    """Ask the kernel to kill this process when the host dies, even while user code blocks."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


async def _serve(link: socket.socket) -> None:
    await Worker().run(link)


def main() -> None:
    """Serve the host at the other end of the inherited socket."""
    descriptor, parent = sys.argv[1:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the host, which stops us
    _die_with(int(parent))
    link = socket.socket(fileno=int(descriptor))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(link))


if __name__ == "__main__":
    main()
