"""The worker's entry point: python -m scripts.devhost.host.worker SOCKET_FD APP_DIRECTORY."""

import asyncio
import ctypes
import logging
import os
import signal
import socket
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import uvloop

from scripts.devhost.host.frames import Frame, FrameConnection
from scripts.devhost.host.worker.invocation import Invoker, current_invocation
from scripts.devhost.host.worker.loading import LoadError, load_functions

_PR_SET_PDEATHSIG: Final = 1


class _ForwardingHandler(logging.Handler):
    """Sends log records to the host with the function and invocation they belong to."""

    def __init__(self, worker: "Worker") -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(message)s"))
        self._worker = worker

    def emit(self, record: logging.LogRecord) -> None:
        function, invocation_id = current_invocation.get()
        frame = ("log", record.levelno, function or record.name, invocation_id, self.format(record))
        self._worker.send_from_any_thread(frame)


class Worker:
    """Answers the host's frames until the host is gone."""

    def __init__(self, app: Path) -> None:
        self._app = app
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        self._connection = FrameConnection(self._receive, self._host_gone)
        self._invoker: Invoker | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, link: socket.socket) -> None:
        """Load the app, report its functions, serve for ever."""
        await self._loop.create_unix_connection(lambda: self._connection, sock=link)
        logging.basicConfig(level=logging.INFO, handlers=[_ForwardingHandler(self)], force=True)
        logging.getLogger("azure").setLevel(logging.WARNING)
        try:
            functions, problems = load_functions(self._app)
        except LoadError as error:
            self._connection.send(("failed", str(error)))
        except Exception as error:  # noqa: BLE001 - whatever the app's import raises is reported
            self._connection.send(("log", logging.DEBUG, "load", "", user_trace(error)))
            where = traceback.extract_tb(error.__traceback__)[-1]
            text = f"{type(error).__name__}: {error} ({where.filename}, line {where.lineno})."
            self._connection.send(("failed", text))
        else:
            threads = os.environ.get("PYTHON_THREADPOOL_THREAD_COUNT")
            count = int(threads) if threads else min(32, (os.cpu_count() or 1) + 4)
            self._invoker = Invoker(functions, ThreadPoolExecutor(count))
            described = [(f.name, list(f.bindings)) for f in functions.values()]
            self._connection.send(("ready", described, problems))
        await self._loop.create_future()

    def send_from_any_thread(self, frame: Frame) -> None:
        """Send from user code, which may run on the pool or on a thread of its own."""
        if threading.get_ident() == self._loop_thread:
            self._connection.send(frame)  # at once, so that a log line precedes the result
        else:
            self._loop.call_soon_threadsafe(self._connection.send, frame)

    def _receive(self, frame: Frame) -> None:
        invoker = self._invoker
        if invoker is None:  # the host speaks only after "ready"
            return
        if frame[0] == "configure":
            invoker.durable_client = frame[1]
            return
        _, number, name, invocation_id, payload = frame
        task = self._loop.create_task(self._answer(invoker, number, name, invocation_id, payload))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(
        self, invoker: Invoker, number: int, name: str, invocation_id: str, payload: object
    ) -> None:
        try:
            result, outputs = await invoker.invoke(name, invocation_id, payload)
            frame: Frame = ("result", number, result, outputs)
        except Exception as error:  # noqa: BLE001 - a user function may raise anything
            frame = ("error", number, f"{type(error).__name__}: {error}", user_trace(error))
        self._connection.send(frame)

    def _host_gone(self) -> None:
        os._exit(0)  # user threads may never end; the host that could use them is gone


def user_trace(error: BaseException) -> str:
    """The stack trace from the first frame outside of this program."""
    trace = error.__traceback__
    own = str(Path(__file__).parent)
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(own):
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace))


def _die_with(parent: int) -> None:
    """Ask the kernel to kill this process when the host dies, even while user code blocks."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


async def _serve(link: socket.socket, app: Path) -> None:
    await Worker(app).run(link)


def main() -> None:
    """Serve the host at the other end of the inherited socket."""
    descriptor, parent, app = sys.argv[1:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the host, which stops us
    _die_with(int(parent))
    link = socket.socket(fileno=int(descriptor))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(link, Path(app)))


if __name__ == "__main__":
    main()
