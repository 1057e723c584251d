"""The worker processes: start, share out invocations, restart what dies."""

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from scripts.devhost.host.errors import FunctionTimeout, HostError, InvocationError, WorkerLost
from scripts.devhost.host.function_rpc import rpc, text
from scripts.devhost.host.functions import Function
from scripts.devhost.host.log import get_log
from scripts.devhost.host.retries import RetryPolicy
from scripts.devhost.host.worker_process import WorkerProcess

_STABLE_SECONDS: Final = 10.0
_MAX_RESTART_DELAY: Final = 5.0
_GRACE_SECONDS: Final = 3.0


class WorkerPool:
    """Keeps N workers alive and gives every invocation to the least busy one."""

    def __init__(
        self,
        app: Path,
        count: int,
        function_timeout: float | None,
        retry: RetryPolicy | None = None,
    ) -> None:
        self._app = app
        self._count = count
        self._timeout = function_timeout
        self._retry = retry
        self._workers: list[WorkerProcess] = []
        self._keepers: list[asyncio.Task[None]] = []
        self._ready = asyncio.Event()
        self._durable_client = text("")
        self._log = get_log("workers")

    async def start(self) -> list[Function]:
        """Start all workers; the functions that the app declares."""
        for number in range(1, self._count + 1):
            self._workers.append(await WorkerProcess.start(number, self._app))
        watchers = [asyncio.create_task(worker.watch()) for worker in self._workers]
        loaded = await asyncio.gather(*(worker.functions for worker in self._workers))
        self._keepers = [
            asyncio.create_task(self._keep(slot, worker, watcher))
            for slot, (worker, watcher) in enumerate(zip(self._workers, watchers, strict=True))
        ]
        self._ready.set()
        return loaded[0]

    @property
    def process_ids(self) -> list[int]:
        """The processes that can run functions now."""
        return [worker.pid for worker in self._workers if worker.is_ready]

    def configure(self, durable_client: str) -> None:
        """Set what durable client bindings are given from now on."""
        self._durable_client = text(durable_client)

    async def invoke(
        self,
        function: Function,
        data: Any,
        metadata: Mapping[str, Any] | None = None,
        *,
        trace: Any = None,
        on_sent: Callable[[int], None] | None = None,
    ) -> Any:
        """Run the function; its InvocationResponse.

        `data` is the trigger's value and `metadata` what belongs to it, as TypedData; `trace` is
        the RpcTraceContext of what caused it. Raises InvocationError when the function failed
        or gave no answer.
        """
        policy = None if function.kind == "httpTrigger" else function.retry or self._retry
        attempt = 0
        while True:
            request = self._request(function, data, metadata or {}, trace)
            if policy is not None:
                request.retry_context.retry_count = attempt
                request.retry_context.max_retry_count = policy.count
            try:
                return await self._invoke(function.name, request, on_sent)
            except (FunctionTimeout, WorkerLost):
                raise
            except InvocationError as error:
                if policy is None or not policy.allows(attempt):
                    raise
                delay = policy.delay(attempt)
                self._log.warning("%s failed, again in %g s: %s", function.name, delay, error)
            await asyncio.sleep(delay)
            attempt += 1

    async def _invoke(self, name: str, request: Any, on_sent: Callable[[int], None] | None) -> Any:
        worker = await self._least_busy()
        future = worker.invoke(name, request)
        if on_sent is not None:
            on_sent(worker.pid)
        timer = None
        if self._timeout is not None:
            timer = asyncio.get_running_loop().call_later(
                self._timeout, worker.time_out, request.invocation_id, self._timeout
            )
        try:
            response = (await future).invocation_response
        finally:
            worker.forget(request.invocation_id)
            if timer is not None:
                timer.cancel()
        if response.result.status != rpc.StatusResult.Success:
            failure = response.result.exception
            raise InvocationError(failure.message, failure.stack_trace)
        return response

    def _request(
        self, function: Function, data: Any, metadata: Mapping[str, Any], trace: Any
    ) -> Any:
        binding = rpc.ParameterBinding
        inputs = [binding(name=name, data=self._durable_client) for name in function.clients]
        return rpc.InvocationRequest(
            invocation_id=str(uuid.uuid4()),
            function_id=function.id,
            input_data=[binding(name=function.trigger["name"], data=data), *inputs],
            trigger_metadata=metadata,
            trace_context=trace or rpc.RpcTraceContext(trace_parent=new_traceparent()),
        )

    async def stop(self) -> None:
        """End all workers: they are asked to, and killed when that takes too long."""
        for keeper in self._keepers:
            keeper.cancel()
        for worker in self._workers:
            worker.terminate()
        ends = [asyncio.create_task(worker.process.wait()) for worker in self._workers]
        if ends:
            await asyncio.wait(ends, timeout=_GRACE_SECONDS)
        for worker in self._workers:
            worker.kill()
        await asyncio.gather(*ends)

    async def _least_busy(self) -> WorkerProcess:
        while True:
            ready = [worker for worker in self._workers if worker.is_ready]
            if ready:
                return min(ready, key=lambda worker: len(worker.running))
            self._ready.clear()
            await self._ready.wait()

    async def _keep(self, slot: int, worker: WorkerProcess, watcher: asyncio.Task[None]) -> None:
        """Replace the worker of this slot whenever it dies; wait longer if it dies young."""
        delay, born = 0.0, time.monotonic()
        while True:
            await watcher
            code = worker.process.returncode
            self._log.warning("worker %d ended (exit code %s), starting it again", slot + 1, code)
            young = time.monotonic() - born < _STABLE_SECONDS
            await asyncio.sleep(delay)
            delay = min(_MAX_RESTART_DELAY, delay * 2 or 0.25) if young else 0.0
            born = time.monotonic()
            worker, watcher = await self._replace(slot)

    async def _replace(self, slot: int) -> tuple[WorkerProcess, asyncio.Task[None]]:
        worker = await self._start_again(slot)
        watcher = asyncio.create_task(worker.watch())
        try:
            await worker.functions
        except HostError as error:
            self._log.error("%s", error)
            worker.kill()
        else:
            self._workers[slot] = worker
            self._ready.set()
        return worker, watcher

    async def _start_again(self, slot: int) -> WorkerProcess:
        """A new process; tried for ever where the machine has no room for one, or no Python."""
        while True:
            try:
                return await WorkerProcess.start(slot + 1, self._app)
            except HostError as error:
                self._log.error("%s", error)
            await asyncio.sleep(_MAX_RESTART_DELAY)


def new_traceparent(trace: str = "", flags: str = "01") -> str:
    """The W3C trace context of a new span, in a trace that begins here unless one is given."""
    return f"00-{trace or uuid.uuid4().hex}-{uuid.uuid4().hex[:15]}1-{flags}"
