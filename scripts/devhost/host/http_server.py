"""The HTTP front: home page, CORS, limits, routing, function invocation, management paths."""

import asyncio
import json
import time
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import hdrs, web

from scripts.devhost.host.admin import Admin
from scripts.devhost.host.cors import Cors
from scripts.devhost.host.durable.api import ApiReply, ApiRequest, DurableApi
from scripts.devhost.host.durable.client_binding import WEBHOOK_PATH
from scripts.devhost.host.errors import FunctionTimeout, InvocationError, WorkerLost
from scripts.devhost.host.faults import Faults
from scripts.devhost.host.functions import Function
from scripts.devhost.host.homepage import HOME_PAGE, is_home_page_enabled
from scripts.devhost.host.http_messages import http_reply, http_request
from scripts.devhost.host.log import get_log
from scripts.devhost.host.outputs import OutputSender
from scripts.devhost.host.routing import RouteTable
from scripts.devhost.host.settings import HttpSettings
from scripts.devhost.host.workers import WorkerPool

RPC_PATH: Final = "/durabletask"
_BODY_SECONDS: Final = 60.0


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
        self._has_home_page = is_home_page_enabled()
        self._outstanding = 0
        limit = settings.max_concurrent
        self._slots = None if limit is None else asyncio.Semaphore(limit)
        self._log = get_log("http")

    async def handle_public(self, request: web.BaseRequest) -> web.StreamResponse:
        """A request to the public port."""
        preflight = self._cors.preflight(request)
        if preflight is not None:
            return preflight
        try:
            response = await self._dispatch(request)
        except TimeoutError:
            response = web.Response(status=408)
        except ConnectionResetError:  # the client has gone: nobody will read this
            response = web.Response(status=400)
        self._cors.decorate(request, response)
        return response

    async def handle_rpc(self, request: web.BaseRequest) -> web.StreamResponse:
        """A request of a durable client to the internal port."""
        return await self._manage(request, RPC_PATH)

    async def _dispatch(self, request: web.BaseRequest) -> web.Response:
        path = request.rel_url.raw_path
        if path == "/" and self._has_home_page and request.method == "GET":
            return web.Response(text=HOME_PAGE, content_type="text/html")
        if path.startswith("/admin/"):
            return await self._admin.handle(request)
        if path.startswith(WEBHOOK_PATH):
            return await self._manage(request, WEBHOOK_PATH)
        found = self._routes.find(request.method, path)
        if found is None:
            return web.Response(status=404)
        length = request.content_length or 0
        if length > self._settings.body_limit:
            return web.Response(status=413)
        # As the real host does: without a Content-Length the function sees no body.
        body = await _read(request) if length else b""
        limit = self._settings.max_outstanding
        if limit is not None and self._outstanding >= limit:
            return web.Response(status=429)
        self._outstanding += 1
        try:
            if self._slots is None:
                return await self._call(request, found[0], found[1], body)
            async with self._slots:
                return await self._call(request, found[0], found[1], body)
        finally:
            self._outstanding -= 1

    async def _manage(self, request: web.BaseRequest, base: str) -> web.Response:
        body = await _read(request)
        headers = {name.lower(): value for name, value in request.headers.items()}
        path = request.rel_url.raw_path.removeprefix(base)
        reply = self._durable.handle(
            ApiRequest(request.method, path, request.rel_url.raw_query_string, body, headers)
        )
        return json_response(reply)

    async def _call(
        self, request: web.BaseRequest, function: Function, route: dict[str, str], body: bytes
    ) -> web.Response:
        started = time.perf_counter()
        url = f"{request.scheme}://{request.host}{request.raw_path}"
        headers = _headers(request)
        data = http_request(request.method, url, headers, _query(request), route, body)
        self._faults.reach("http.invoke")
        try:
            answer = await self._pool.invoke(
                function,
                data,
                traceparent=headers.get("traceparent", ""),
                on_sent=lambda pid: self._faults.reach_worker("http.invoke", pid),
            )
            status, reply_headers, content = http_reply(answer.return_value)
            await self._outputs.send(function, answer)
        except FunctionTimeout as error:
            self._log.error("%s: %s", function.name, error)
            return web.Response(status=500)
        except InvocationError as error:
            self._log.error("%s failed: %s\n%s", function.name, error, error.trace.rstrip())
            return web.Response(status=500)
        except WorkerLost:
            self._log.error("%s: the worker died while it ran", function.name)
            return web.Response(status=502)
        self._faults.reach("http.done")
        response = web.Response(status=status, body=content)
        for name, value in reply_headers:
            response.headers.add(name, value)
        for name, value in self._settings.custom_headers.items():
            response.headers[name] = value
        duration = (time.perf_counter() - started) * 1000
        self._log.debug(
            "%s %s -> %d (%s, %.0f ms)", request.method, url, status, function.name, duration
        )
        return response


async def _read(request: web.BaseRequest) -> bytes:
    if request.headers.get(hdrs.EXPECT, "").lower() == "100-continue" and request.transport:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    async with asyncio.timeout(_BODY_SECONDS):
        return await request.content.read()


def _headers(request: web.BaseRequest) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        key = name.lower()
        headers[key] = f"{headers[key]},{value}" if key in headers else str(value)
    return headers


def _query(request: web.BaseRequest) -> dict[str, str]:
    values: dict[str, str] = {}
    text = request.rel_url.raw_query_string
    if text:
        for name, value in parse_qsl(text):
            values[name] = f"{values[name]},{value}" if name in values else value
    return values


def json_response(reply: ApiReply) -> web.Response:
    """The reply as an HTTP response; no body stays no body."""
    if reply.body is None:
        return web.Response(status=reply.status, headers=reply.headers)
    return web.Response(
        status=reply.status,
        text=json.dumps(reply.body),
        content_type="application/json",
        headers=reply.headers,
    )
