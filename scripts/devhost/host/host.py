"""The host put together: workers, durable engine, listeners, timers, HTTP."""

import asyncio
import errno
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scripts.devhost.host.admin import Admin
from scripts.devhost.host.checks import find_functions_in_error, find_problems
from scripts.devhost.host.cors import Cors
from scripts.devhost.host.durable.api import DurableApi
from scripts.devhost.host.durable.client_binding import client_binding
from scripts.devhost.host.durable.engine import Engine
from scripts.devhost.host.durable.store import Store
from scripts.devhost.host.errors import HostError
from scripts.devhost.host.faults import Faults
from scripts.devhost.host.functions import Function, FunctionTable
from scripts.devhost.host.http.server import Handler, Server
from scripts.devhost.host.http_front import HttpFront
from scripts.devhost.host.log import get_log
from scripts.devhost.host.on_demand import OnDemand
from scripts.devhost.host.outputs import OutputSender
from scripts.devhost.host.routing import RouteTable, compile_route
from scripts.devhost.host.settings import HostSettings
from scripts.devhost.host.storage_accounts import StorageAccounts
from scripts.devhost.host.timers import Timer
from scripts.devhost.host.workers import WorkerPool

if TYPE_CHECKING:
    from scripts.devhost.host.queues import QueueListener

_GRACE_SECONDS: Final = 5.0
# A new number with each change of schema.sql; what an older file holds is started anew.
DATABASE: Final = "durable-2.sqlite3"


@dataclass(frozen=True)
class Options:
    """What the command line decides."""

    app: Path
    state: Path
    address: str
    port: int
    workers: int
    strict_sizes: bool
    faults: Faults

    @property
    def origin(self) -> str:
        """Where a program on this machine reaches the host."""
        everywhere = self.address == "0.0.0.0"  # noqa: S104 - compared, not bound
        return f"http://{'127.0.0.1' if everywhere else self.address}:{self.port}"


class Host:
    """One running host."""

    def __init__(self, options: Options, settings: HostSettings) -> None:
        self._options = options
        self._settings = settings
        self._faults = options.faults
        self._store = Store(options.state / DATABASE)
        self._pool = WorkerPool(
            options.app, options.workers, settings.function_timeout, settings.retry
        )
        self._accounts = StorageAccounts(base64_encoding=settings.queues.base64)
        self._outputs = OutputSender(self._accounts)
        self._listeners: dict[str, QueueListener] = {}
        self._timers: dict[str, Timer] = {}
        self._parts: list[asyncio.Task[None]] = []
        self._servers: list[Server] = []
        self._log = get_log("host")

    async def serve(self) -> None:
        """Run until SIGTERM or SIGINT, then stop in good order."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        try:
            starting = asyncio.create_task(self._start())
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                await asyncio.wait({stopping, *self._parts}, return_when=asyncio.FIRST_COMPLETED)
            starting.cancel()
            self._log.info("stopping")
            self._raise_failure()
        finally:
            await self._stop()

    def _raise_failure(self) -> None:
        """A part that ends by itself has failed, and the host is not whole without it."""
        for part in self._parts:
            if part.done():
                part.result()

    async def _start(self) -> None:
        functions = await self._pool.start()
        if only := {name.lower() for name in self._settings.functions}:
            functions = [function for function in functions if function.name.lower() in only]
        problems = find_problems(functions, self._settings.http.route_prefix)
        if problems:
            raise HostError("\n".join(problems))
        table = FunctionTable(functions, find_functions_in_error(functions, self._accounts.get))
        engine = self._engine = Engine(
            self._store,
            self._pool,
            table,
            self._settings.durable,
            self._faults,
            strict_sizes=self._options.strict_sizes,
        )
        self._create_listeners(table)
        await self._start_http(table, engine)
        listeners = [listener.run() for listener in self._listeners.values()]
        timers = [timer.run() for timer in self._timers.values()]
        self._parts = [asyncio.create_task(run) for run in (engine.run(), *listeners, *timers)]
        self._announce(table)

    def _create_listeners(self, table: FunctionTable) -> None:
        for function in table.of_kind("queueTrigger"):
            from scripts.devhost.host.queues import QueueListener  # with the storage SDK

            self._listeners[function.name] = QueueListener(
                function,
                self._accounts.get(function.trigger),
                self._settings.queues,
                self._pool,
                self._outputs,
                self._faults,
            )
        for function in table.of_kind("timerTrigger"):
            self._timers[function.name] = Timer(
                function, self._pool, self._store, self._outputs, self._faults
            )

    async def _start_http(self, table: FunctionTable, engine: Engine) -> None:
        origin = self._options.origin
        served = [function for function in table.offered if function.kind == "httpTrigger"]
        routes = RouteTable(served, self._settings.http.route_prefix)
        on_demand = OnDemand(self._pool, engine, self._listeners, self._timers)
        front = HttpFront(
            self._settings.http,
            routes,
            self._pool,
            self._outputs,
            DurableApi(engine, origin),
            Admin(
                self._options.app,
                self._settings.http.route_prefix,
                table,
                engine,
                self._pool,
                on_demand,
            ),
            Cors(self._settings.cors),
            self._faults,
        )
        rpc_port = await self._listen(front.handle_rpc, "127.0.0.1", 0)
        self._pool.configure(
            client_binding(
                public_origin=origin,
                rpc_origin=f"http://127.0.0.1:{rpc_port}",
                hub=self._settings.durable.hub_name,
            )
        )
        await self._listen(front.handle_public, self._options.address, self._options.port)

    async def _listen(self, handler: Handler, address: str, port: int) -> int:
        server = Server(handler)
        self._servers.append(server)
        try:
            return await server.start(address, port)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise HostError(f"Port {port} is in use by another program.") from None
            raise HostError(f"Cannot listen on {address}:{port}: {error.strerror}.") from None

    def _announce(self, table: FunctionTable) -> None:
        for name, error in table.errors.items():
            self._log.error("Function %s is not offered: %s", name, error)
        for function in table.enabled:
            if (function.retry or self._settings.retry) and function.kind != "timerTrigger":
                self._log.warning(
                    "Soon retries will not be supported for function 'Functions.%s'. For more "
                    "information, please visit http://aka.ms/func-retry-policies.",
                    function.name,
                )
            self._log.info("%s", describe(function, self._settings.http.route_prefix))
        count, workers = len(table.enabled), self._options.workers
        origin = self._options.origin
        self._log.info("ready: %d functions, worker processes: %d, %s", count, workers, origin)

    async def _stop(self) -> None:
        for server in self._servers:
            server.close()
        for part in self._parts:
            part.cancel()
        await asyncio.gather(*self._parts, return_exceptions=True)
        await self._drain()
        for server in self._servers:
            await server.stop(_GRACE_SECONDS)
        await self._pool.stop()
        await self._accounts.close()
        self._store.close()

    async def _drain(self) -> None:
        waits = [listener.drain(_GRACE_SECONDS) for listener in self._listeners.values()]
        if hasattr(self, "_engine"):
            waits.append(self._engine.drain(_GRACE_SECONDS))
        await asyncio.gather(*waits)


def describe(function: Function, prefix: str) -> str:
    """One line on what makes the function run."""
    trigger = function.trigger
    if function.kind == "httpTrigger":
        route = compile_route(function, prefix)
        return f"{function.name}: {','.join(sorted(route.methods or {'*'}))} /{route.template}"
    source = trigger.get("queueName") or trigger.get("schedule") or ""
    return f"{function.name}: {function.kind} {source}".rstrip()
