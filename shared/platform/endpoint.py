"""One declaration per endpoint: its function, and everything that happens around it.

The only module of ``shared`` that knows ``azure.functions``.
"""

import hashlib
import inspect
import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID, uuid4

import azure.durable_functions as df
import azure.functions as func
from pydantic import BaseModel, ValidationError

from shared.platform import errors
from shared.platform.authentication import authenticate
from shared.platform.bootstrap import Services, services
from shared.platform.db import Transaction
from shared.platform.logging import get_logger, log_context
from shared.platform.outbox import OrchestrationClient
from shared.platform.principal import Principal
from shared.platform.problem import invalid_fields, render_problem
from shared.platform.registry import Access, Endpoint, Method, add_endpoint, allowed_methods

log = get_logger(__name__)

MAX_BODY_BYTES = 1024 * 1024
MAX_SERIAL = 2**31 - 1
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,128}")
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

Handler = Callable[..., Awaitable[Any]]


@dataclass
class Call:
    """What a handler may use of the request it serves."""

    services: Services
    request_id: str
    request: func.HttpRequest
    received: float = field(default_factory=time.monotonic)
    _principal: Principal | None = None
    _transaction: Transaction | None = None

    @property
    def principal(self) -> Principal:
        """The caller; only public endpoints have none."""
        return cast("Principal", self._principal)

    @property
    def tx(self) -> Transaction:
        """The request's transaction; public endpoints have none."""
        return cast("Transaction", self._transaction)

    @property
    def age(self) -> float:
        """Seconds since the request came in."""
        return time.monotonic() - self.received


@dataclass(frozen=True)
class Reply:
    """An answer with its own headers (``Location``), status, or bytes that are not JSON."""

    body: BaseModel | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int | None = None
    content: bytes = b""
    media_type: str = "application/json"


def endpoint(
    blueprint: df.Blueprint,
    method: Method,
    path: str,
    *,
    returns: Mapping[int, type[BaseModel] | None],
    scope: str | None = None,
    access: Access | None = None,
    raises: tuple[type[errors.AppError], ...] = (),
    etag: bool = False,
    internal: bool = False,
    rate: str | None = None,
    idempotent: bool = False,
    deprecated: bool = False,
    in_transaction: bool = True,
) -> Callable[[Handler], Handler]:
    """Declares ``handler`` as the endpoint ``method /path``.

    The handler's parameters tell the rest: ``call``, the path's parameters, ``body`` and ``query``
    (pydantic models). With ``scope`` an API key that has this permission may call it; without
    one, signed-in users only, unless ``access`` says ``public`` or ``admin``.
    """

    def declare(handler: Handler) -> Handler:
        parameters = {
            name: parameter.annotation
            for name, parameter in inspect.signature(handler).parameters.items()
            if name != "call"
        }
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
            rate=rate,
            idempotent=idempotent,
            deprecated=deprecated,
            in_transaction=in_transaction,
        )
        add_endpoint(declared)
        _register(blueprint, declared, handler)
        return handler

    return declare


def _register(blueprint: df.Blueprint, declared: Endpoint, handler: Handler) -> None:
    async def read(req: func.HttpRequest) -> func.HttpResponse:
        return await serve(declared, handler, req, None)

    async def write(req: func.HttpRequest, client: OrchestrationClient) -> func.HttpResponse:
        return await serve(declared, handler, req, client)

    function: Any = read if declared.method == "GET" else write
    if declared.method != "GET":
        function = blueprint.durable_client_input(client_name="client")(function)
    function = blueprint.route(route=declared.path, methods=[declared.method])(function)
    blueprint.function_name(declared.name)(function)


def register_fallback(blueprint: df.Blueprint) -> None:
    """Answers what no endpoint matches: 405 with ``Allow`` on a known path, 404 elsewhere.

    The host takes the first match in alphabetical order of function names, hence the name.
    """

    @blueprint.function_name("zz_fallback")
    @blueprint.route(route="{*path}")
    async def fallback(req: func.HttpRequest) -> func.HttpResponse:
        path = "/" + req.route_params.get("path", "")
        methods = allowed_methods(path)
        error: errors.AppError = errors.NotFound("There is nothing at this address.")
        if methods and req.method not in methods:
            error = errors.MethodNotAllowed(
                f"{path} supports {', '.join(methods)}.", headers={"Allow": ", ".join(methods)}
            )
        return _with_security_headers(
            render_problem(error, request_id=_request_id(req), instance=path)
        )


async def serve(
    declared: Endpoint,
    handler: Handler,
    request: func.HttpRequest,
    client: OrchestrationClient | None,
) -> func.HttpResponse:
    """Runs ``handler`` for one request and renders whatever comes of it."""
    request_id = _request_id(request)
    instance = declared.fill(request.route_params)
    with log_context(request_id=request_id):
        try:
            call = Call(services(), request_id, request)
            response = _render(declared, await _answer(declared, handler, call, client), request)
        except errors.AppError as error:
            response = render_problem(error, request_id=request_id, instance=instance)
        except Exception:  # noqa: BLE001 - the boundary: nothing may leak, everything is logged
            log.opt(exception=True).error("unexpected failure in " + declared.name)
            failure = errors.InternalError("Something failed on our side; quote the request id.")
            response = render_problem(failure, request_id=request_id, instance=instance)
    response.headers["X-Request-ID"] = request_id
    return _with_security_headers(response)


async def _answer(
    declared: Endpoint, handler: Handler, call: Call, client: OrchestrationClient | None
) -> Any:
    if declared.access == "public":
        return await handler(call, **_arguments(declared, call.request))
    call._principal = principal = await authenticate(
        call.services, declared, {k.lower(): v for k, v in call.request.headers.items()}
    )
    arguments = _arguments(declared, call.request)
    database = call.services.database
    claims = {"sub": str(principal.user_id), "role": "authenticated"}
    reading = declared.method == "GET" and not declared.internal
    with log_context(user_id=str(principal.user_id)):
        if not declared.in_transaction:
            return await handler(call, **arguments)
        async with database.reading(claims) if reading else database.transaction() as transaction:
            call._transaction = transaction
            result = await handler(call, **arguments)
        await call.services.outbox.send(transaction.outbox, client)
    return result


def _arguments(declared: Endpoint, request: func.HttpRequest) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        name: _path_value(kind, request.route_params[name])
        for name, kind in declared.parameters.items()
    }
    if declared.query:
        arguments["query"] = _validate(declared.query, dict(request.params), "query")
    if declared.body:
        arguments["body"] = _validate(declared.body, _json_body(request), "body")
    return arguments


def _path_value(kind: type, text: str) -> object:
    try:
        value = kind(text)
    except ValueError:
        raise errors.NotFound from None
    if isinstance(value, int) and not 0 < value <= MAX_SERIAL:
        raise errors.NotFound
    return value


def _validate(model: type[BaseModel], value: object, where: str) -> BaseModel:
    try:
        has_nul = _has_nul(value)  # PostgreSQL's text cannot hold it
    except RecursionError:
        raise errors.BadRequest("The body is nested too deeply.") from None
    if has_nul:
        field = {"loc": [where], "msg": "the NUL character is not allowed", "type": "nul"}
        raise errors.Invalid("Invalid: the NUL character is not allowed.", errors=[field])
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise invalid_fields(error, where) from None


def _has_nul(value: object) -> bool:
    if isinstance(value, dict):
        return any(_has_nul(key) or _has_nul(item) for key, item in value.items())
    if isinstance(value, list):
        return any(map(_has_nul, value))
    return isinstance(value, str) and "\0" in value


def _json_body(request: func.HttpRequest) -> object:
    body = request.get_body()
    if len(body) > MAX_BODY_BYTES:
        raise errors.PayloadTooLarge("A request body may have at most 1 MiB.")
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise errors.UnsupportedMediaType("Send the body as application/json.")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise errors.BadRequest("The body is not valid JSON.") from None


def _render(declared: Endpoint, result: object, request: func.HttpRequest) -> func.HttpResponse:
    reply = result if isinstance(result, Reply) else Reply(cast("BaseModel | None", result))
    body = reply.body.model_dump_json().encode() if reply.body else reply.content
    headers = dict(reply.headers)
    status = reply.status or declared.status
    if declared.etag:
        headers["ETag"] = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        if headers["ETag"] in request.headers.get("if-none-match", ""):
            status, body = 304, b""
    return func.HttpResponse(body, status_code=status, headers=headers, mimetype=reply.media_type)


def _with_security_headers(response: func.HttpResponse) -> func.HttpResponse:
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    if services().settings.environment != "development":
        response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return response


def _request_id(request: func.HttpRequest) -> str:
    given = request.headers.get("x-request-id", "")
    return given if REQUEST_ID.fullmatch(given) else uuid4().hex


__all__ = ["UUID", "Call", "Reply", "endpoint", "register_fallback"]
