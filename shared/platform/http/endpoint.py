"""One declaration per endpoint: the function that the host calls for it.

The only module of ``shared`` that knows ``azure.functions``. What happens around a handler is in
``serving``.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import azure.durable_functions as df
import azure.functions as func
from pydantic import BaseModel

from shared.platform.durable import OrchestrationClient
from shared.platform.errors import AppError
from shared.platform.http import serving
from shared.platform.http.answer import Answer
from shared.platform.http.call import AppServices, Handler
from shared.platform.http.registry import Access, Endpoint, Method, add_endpoint


class Endpoints:
    """Declares endpoints, each a function of a blueprint that is served with the app's services."""

    def __init__(self, services: Callable[[], AppServices]) -> None:
        self._services = services

    def __call__(
        self,
        blueprint: df.Blueprint,
        method: Method,
        path: str,
        *,
        returns: Mapping[int, type[BaseModel] | None],
        scope: str | None = None,
        access: Access | None = None,
        raises: tuple[type[AppError], ...] = (),
        etag: bool = False,
        internal: bool = False,
        idempotent: bool = False,
        successor: str | None = None,
        in_transaction: bool = True,
        starts: bool = False,
        per_minute: int | None = None,
    ) -> Callable[[Handler], Handler]:
        """Declares ``handler`` as the endpoint ``method /path``.

        The handler's parameters tell the rest: ``call``, the path's parameters, ``body`` and
        ``query`` (pydantic models); a ``body`` with a default may be left out. With ``scope`` an
        API key that has this permission may call it; without one, signed-in users only, unless
        ``access`` says ``public`` or ``admin``. What is no ``GET`` may start orchestrations; with
        ``starts`` a ``GET`` may, too.
        """

        def declare(handler: Handler) -> Handler:
            signature = inspect.signature(handler).parameters
            parameters = {n: p.annotation for n, p in signature.items() if n != "call"}
            body = signature.get("body")
            declared = Endpoint(
                name=handler.__name__,
                method=method,
                path=path,
                summary=(handler.__doc__ or "").strip().splitlines()[0],
                access=access or ("caller" if scope else "user"),
                scope=scope,
                returns=returns,
                raises=raises,
                body=parameters.pop("body", None),
                query=parameters.pop("query", None),
                parameters=parameters,
                etag=etag,
                internal=internal,
                idempotent=idempotent,
                successor=successor,
                in_transaction=in_transaction,
                per_minute=per_minute,
                body_optional=body is not None and body.default is not body.empty,
            )
            if declared.idempotent and not declared.in_transaction:
                raise ValueError(f"{declared.name}: a key is claimed in the endpoint's transaction")
            add_endpoint(declared)
            self._register(blueprint, declared, handler, starts=starts or method != "GET")
            return handler

        return declare

    def _register(
        self, blueprint: df.Blueprint, declared: Endpoint, handler: Handler, *, starts: bool
    ) -> None:
        async def read(req: func.HttpRequest) -> func.HttpResponse:
            return _response(await serving.serve(self._services(), declared, handler, req, None))

        async def write(req: func.HttpRequest, client: OrchestrationClient) -> func.HttpResponse:
            return _response(await serving.serve(self._services(), declared, handler, req, client))

        function: Any = write if starts else read
        if starts:
            function = blueprint.durable_client_input(client_name="client")(function)
        function = blueprint.route(route=declared.path, methods=[declared.method])(function)
        blueprint.function_name(declared.name)(function)

    def fallback(self, blueprint: df.Blueprint) -> None:
        """Answers what no endpoint matches.

        The host takes the first match in alphabetical order of function names, hence the name.
        """

        @blueprint.function_name("zz_fallback")
        @blueprint.route(route="{*path}")
        async def refuse(req: func.HttpRequest) -> func.HttpResponse:
            return _response(
                serving.refuse(
                    self._services(), req, req.method, "/" + req.route_params.get("path", "")
                )
            )


def _response(answer: Answer) -> func.HttpResponse:
    return func.HttpResponse(
        answer.body,
        status_code=answer.status,
        headers=answer.headers,
        mimetype=answer.media_type,
    )
