"""The /admin paths: is the host ready, what does it run, run something now."""

import json
import os
import time
from typing import Any

from aiohttp import web

from scripts.devhost.host.durable.engine import Engine
from scripts.devhost.host.functions import Function, FunctionTable
from scripts.devhost.host.on_demand import OnDemand
from scripts.devhost.host.workers import WorkerPool


class Admin:
    """Answers /admin requests."""

    def __init__(
        self, functions: FunctionTable, engine: Engine, pool: WorkerPool, on_demand: OnDemand
    ) -> None:
        self._functions = functions
        self._engine = engine
        self._pool = pool
        self._on_demand = on_demand
        self._started = time.monotonic()

    async def handle(self, request: web.BaseRequest) -> web.Response:
        """The reply to one request."""
        parts = request.rel_url.path.strip("/").split("/")[1:]
        match (request.method, *parts):
            case ("GET", "host", "status"):
                return _json(self._host_status())
            case ("GET", "functions"):
                return _json([_describe(function) for function in self._functions.all])
            case ("GET", "instances"):
                return _json(self._engine.store.counts() | dict(self._engine.counters))
            case ("POST", "functions", name):
                return await self._run(name, await request.content.read())
        return web.Response(status=404)

    def _host_status(self) -> dict[str, Any]:
        return {
            "id": "devhost",
            "state": "Running",
            "version": "4.0.0",
            "processId": os.getpid(),
            "workerProcessIds": self._pool.process_ids,
            "processUptime": int((time.monotonic() - self._started) * 1000),
        }

    async def _run(self, name: str, body: bytes) -> web.Response:
        function = self._functions.find(name)
        if function is None or function.kind == "httpTrigger":
            return web.Response(status=404)
        try:
            given = json.loads(body).get("input") if body else ""
        except (ValueError, AttributeError):
            return web.Response(status=400)
        text = given if isinstance(given, str) else json.dumps(given)
        self._on_demand.start(function, text)
        return web.Response(status=202)


def _describe(function: Function) -> dict[str, Any]:
    return {
        "name": function.name,
        "isDisabled": function.is_disabled,
        "config": {"bindings": list(function.bindings)},
    }


def _json(value: Any) -> web.Response:
    return web.json_response(value)
