"""The /admin paths: is the host ready, what does it run, run something now."""

import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from scripts.devhost.host.durable.engine import Engine
from scripts.devhost.host.functions import Function, FunctionTable

RunNow = Callable[[Function, str], Awaitable[None]]


class Admin:
    """Answers /admin requests."""

    def __init__(self, functions: FunctionTable, engine: Engine, run_now: RunNow) -> None:
        self._functions = functions
        self._engine = engine
        self._run_now = run_now
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
        await self._run_now(function, text)
        return web.Response(status=202)


def _describe(function: Function) -> dict[str, Any]:
    return {
        "name": function.name,
        "isDisabled": function.is_disabled,
        "config": {"bindings": list(function.bindings)},
    }


def _json(value: Any) -> web.Response:
    return web.json_response(value)
