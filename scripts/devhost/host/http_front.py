"""The HTTP front: CORS, limits, management paths, routing, function invocation, home page."""

import asyncio
import logging
import re
import time
from typing import Final

from scripts.devhost.host.admin import Admin
from scripts.devhost.host.cors import Cors
from scripts.devhost.host.durable.api import ApiRequest, DurableApi
from scripts.devhost.host.errors import InvocationError
from scripts.devhost.host.faults import Faults
from scripts.devhost.host.functions import Function
from scripts.devhost.host.homepage import home_page
from scripts.devhost.host.http.request_and_response import Request, Response, json_response
from scripts.devhost.host.http_binding import (
    http_request,
    http_response,
    is_sound,
    request_url,
    trace_context,
)
from scripts.devhost.host.log import get_log
from scripts.devhost.host.outputs import OutputSender
from scripts.devhost.host.reserved_paths import (
    DURABLE_PATH,
    INSTANCES_PATH,
    is_administration,
    is_webhook,
)
from scripts.devhost.host.routing import RouteTable
from scripts.devhost.host.settings import HttpSettings
from scripts.devhost.host.workers import WorkerPool

RPC_PATH: Final = "/durabletask"
_ADDRESS: Final = re.compile(r"(?:[A-Za-z0-9._-]+|\[[^\]]+\])(?::([0-9]+))?")


class HttpFront:
    """Answers every request to the host's public port and to its RPC port."""

    def __init__(
        self,
        settings: HttpSettings,
        routes: RouteTable,
        pool: WorkerPool,
        outputs: OutputSender,
        durable: DurableApi,
        admin: Admin,
        cors: Cors,
        faults: Faults,
    ) -> None:
        self._settings = settings
        self._routes = routes
        self._pool = pool
        self._outputs = outputs
        self._durable = durable
        self._admin = admin
        self._cors = cors
        self._faults = faults
        self._outstanding = 0
        limit = settings.max_concurrent
        self._slots = None if limit is None else asyncio.Semaphore(limit)
        self._log = get_log("http")

    async def handle_public(self, request: Request) -> Response:
        """A request to the public port."""
        response = self._cors.preflight(request.head)
        if response is not None:
            return response
        response = await self._throttle(request)
        self._cors.decorate(request.head, response)
        return response

    async def handle_rpc(self, request: Request) -> Response:
        """A request of a durable client to the internal port."""
        return await self._manage(request, RPC_PATH)

    async def _throttle(self, request: Request) -> Response:
        """Hold the limits of host.json, which come before routing and spare /admin."""
        if request.head.path.lower().startswith("/admin/"):
            return await self._dispatch(request)
        if self._settings.has_impossible_limit:
            self._log.error(
                "An unhandled host error has occurred. Specified argument was out of the range of "
                "valid values. (maxConcurrentRequests, maxOutstandingRequests)"
            )
            return Response(500)
        limit = self._settings.max_outstanding
        if limit is not None and self._outstanding >= limit:
            return Response(429, b"", [("X-FUNCTION-SCALEOUT", "1")])
        self._outstanding += 1
        try:
            if self._slots is None:
                return await self._dispatch(request)
            async with self._slots:
                return await self._dispatch(request)
        finally:
            self._outstanding -= 1

    async def _dispatch(self, request: Request) -> Response:
        response = await self._route(request)
        for name, value in self._settings.custom_headers.items():
            if not is_sound(name, value):
                self._log.error(
                    "host.json, customHeaders: %r is no header with a sound value", name
                )
                return Response(500)
            if response.get(name) is None:
                response.headers.append((name, value))
        return response

    async def _route(self, request: Request) -> Response:
        method, path = request.head.method, request.head.path
        if is_administration(method, path):
            return await self._admin.handle(request)
        if is_webhook(method, path):
            if f"{path.lower()}/".startswith(f"{DURABLE_PATH}/"):
                return await self._manage(request, path[: len(DURABLE_PATH)])
            return self._admin.instances() if path == INSTANCES_PATH else Response(404)
        found = self._routes.find(method, path)
        if found is not None:
            return await self._call(request, *found)
        return home_page() if path == "/" else Response(404)

    async def _manage(self, request: Request, base: str) -> Response:
        head = request.head
        path, body = head.path.removeprefix(base), await request.read()
        reply = self._durable.handle(
            ApiRequest(head.method, path, head.query.removeprefix("?"), body, head.headers)
        )
        if reply.body is None:
            return Response(reply.status, b"", list(reply.headers.items()))
        response = json_response(reply.body, reply.status)
        response.headers += reply.headers.items()
        return response

    async def _call(self, request: Request, function: Function, route: dict[str, str]) -> Response:
        if function.is_disabled:
            return Response(404)
        problem = self._find_problem(request, function, route)
        if problem is not None:
            self._log.error("%s: %s", function.name, problem)
            return Response(500)
        # Without a Content-Length the function sees no body, whatever the client sends.
        body = await request.read() if request.head.length else b""
        started = time.perf_counter()
        data = http_request(request.head, route, body)
        self._faults.reach("http.invoke")
        try:
            answer = await self._pool.invoke(
                function,
                data,
                trace=trace_context(request.head),
                on_sent=lambda pid: self._faults.reach_worker("http.invoke", pid),
            )
            response = http_response(answer.return_value)
            await self._outputs.send(function, answer)
        except InvocationError as error:
            self._log.error("%s failed: %s\n%s", function.name, error, error.trace.rstrip())
            return Response(500)
        self._faults.reach("http.done")
        if self._log.isEnabledFor(logging.DEBUG):
            duration = (time.perf_counter() - started) * 1000
            what = f"{request.head.method} {request_url(request.head)} -> {response.status}"
            self._log.debug("%s (%s, %.0f ms)", what, function.name, duration)
        return response

    def _find_problem(
        self, request: Request, function: Function, route: dict[str, str]
    ) -> str | None:
        """Why the real host fails the request before it calls the function."""
        address = _ADDRESS.fullmatch(request.head.host)
        if address is None or int(address[1] or 0) > 65535:
            return "Invalid URI: The hostname could not be parsed."
        if (request.head.length or 0) > self._settings.body_limit:
            limit = self._settings.body_limit
            return f"Request body too large. The max request body size is {limit} bytes."
        name = function.trigger["name"].lower()
        if any(parameter.lower() == name for parameter in route):
            return f"the route parameter {name!r} has the name of the trigger"
        return None
