"""The /admin paths: is the host ready, what does it run, run something now.

No key is asked for: whoever reaches the local host is its administrator.
"""

import json
import os
import re
import time
from pathlib import Path
from typing import Any, Final

from scripts.devhost.host.durable.engine import Engine
from scripts.devhost.host.functions import Function, FunctionTable
from scripts.devhost.host.http.request_and_response import Request, Response, json_response
from scripts.devhost.host.on_demand import OnDemand
from scripts.devhost.host.routing import route_of
from scripts.devhost.host.workers import WorkerPool

_JSON_TYPE: Final = re.compile(r"(application|text)/([^;]*\+)?json\s*(;.*)?", re.IGNORECASE)
_NO_CACHE: Final = [("Cache-Control", "no-store,no-cache"), ("Pragma", "no-cache")]


class Admin:
    """Answers /admin requests."""

    def __init__(
        self,
        app: Path,
        prefix: str,
        functions: FunctionTable,
        engine: Engine,
        pool: WorkerPool,
        on_demand: OnDemand,
    ) -> None:
        self._app = app
        self._prefix = prefix
        self._functions = functions
        self._engine = engine
        self._pool = pool
        self._on_demand = on_demand
        self._started = time.monotonic()

    async def handle(self, request: Request) -> Response:
        """The reply to a request of the administration; 404 for what is not offered here."""
        path = request.head.path
        parts = [part.lower() for part in path.strip("/").split("/")[1:]]
        match (request.head.method.upper(), *parts):
            case (_, "host", "ping"):
                return Response(200, b"", list(_NO_CACHE))
            case ("GET", "host", "status"):
                return json_response(self._host_status())
            case ("GET", "functions"):
                origin = f"http://{request.head.host}"
                shown = [self._describe(function, origin) for function in self._functions.all]
                return json_response(shown)
            case ("GET", "functions", name):
                return self._show(name, f"http://{request.head.host}")
            case ("GET", "functions", name, "status"):
                return self._status(name)
            case ("POST", "functions", name):
                return await self._run(name, request)
            case (_, "vfs", *_):
                return Response(403)
        return Response(404)

    def instances(self) -> Response:
        """Counts of durable instances and of work on its way, which only this host has."""
        oversized = {"oversizedPayloads": self._engine.oversized_payloads}
        return json_response(self._engine.store.counts() | oversized)

    def _host_status(self) -> dict[str, Any]:
        return {
            "id": "devhost",
            "state": "Running",
            "version": "4.1037.0.0",
            "versionDetails": "the local host",
            "platformVersion": "",
            "instanceId": "",
            "computerName": "",
            "processUptime": int((time.monotonic() - self._started) * 1000),
            "functionAppContentEditingState": "Unknown",
            "processId": os.getpid(),
            "workerProcessIds": self._pool.process_ids,
        }

    def _find(self, name: str) -> Function | None:
        return next((f for f in self._functions.all if f.name.lower() == name), None)

    def _show(self, name: str, origin: str) -> Response:
        function = self._find(name)
        return (
            Response(404) if function is None else json_response(self._describe(function, origin))
        )

    def _status(self, name: str) -> Response:
        function = self._find(name)
        if function is None:
            return Response(404)
        error = self._functions.errors.get(function.name)
        return json_response({} if error is None else {"errors": [error]})

    def _describe(self, function: Function, origin: str) -> dict[str, Any]:
        is_http = bool(function.triggers) and function.kind == "httpTrigger"
        script = os.environ.get("PYTHON_SCRIPT_FILE_NAME", "function_app.py")
        return {
            "name": function.name,
            "script_root_path_href": None,
            "script_href": f"{origin}/admin/vfs{self._app}/{script}",
            "config_href": None,
            "test_data_href": f"{origin}/admin/vfs/FunctionsData/{function.name}.dat",
            "href": f"{origin}/admin/functions/{function.name}",
            "invoke_url_template": self._url(function, origin) if is_http else None,
            "language": "python",
            "config": {
                "name": function.name,
                "entryPoint": function.name,
                "scriptFile": script,
                "language": "python",
                "functionDirectory": str(self._app),
                "bindings": list(function.bindings),
            },
            "test_data": "",
            "isDisabled": function.is_disabled,
            "isDirect": False,
            "isProxy": False,
        }

    def _url(self, function: Function, origin: str) -> str:
        prefix = f"{self._prefix}/" if self._prefix else ""
        return f"{origin}/{prefix}{route_of(function)}".lower()

    async def _run(self, name: str, request: Request) -> Response:
        if not _JSON_TYPE.fullmatch(request.head.headers.get("content-type", "").strip()):
            return Response(415)
        try:
            given = json.loads(await request.read())["input"]
        except KeyError:
            given = None
        except (ValueError, TypeError, RecursionError):
            return Response(400)
        if isinstance(given, dict | list):
            return Response(400)
        function = self._find(name)
        if function is None or function.name in self._functions.errors:
            return Response(404)
        text = "" if given is None else given if isinstance(given, str) else json.dumps(given)
        self._on_demand.start(function, text)
        return Response(202)
