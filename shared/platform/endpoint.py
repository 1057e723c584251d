"""One declaration per endpoint: its function, and everything that happens around it.

The only module of ``shared`` that knows ``azure.functions``.
"""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

import azure.durable_functions as df
import azure.functions as func
from pydantic import BaseModel

from shared.platform import errors
from shared.platform.answer import Answer, Reply, render, security_headers
from shared.platform.authentication import authenticate
from shared.platform.bootstrap import Services, services
from shared.platform.db import Transaction
from shared.platform.idempotency import KeyedRequest
from shared.platform.logging import get_logger, log_context
from shared.platform.metrics import request_metrics
from shared.platform.outbox import OrchestrationClient
from shared.platform.principal import Principal
from shared.platform.problem import render_problem
from shared.platform.registry import Access, Endpoint, Method, add_endpoint, allowed_methods
from shared.platform.request import arguments_of, request_id_of
from shared.platform.tracing import carry_trace

log = get_logger(__name__)

Handler = Callable[..., Awaitable[Any]]


@dataclass
class Call:
    """What a handler may use of the request it serves."""

    services: Services
    request_id: str
    request: func.HttpRequest
    received: float = field(default_factory=time.monotonic)
    headers: dict[str, str] = field(default_factory=dict)
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
        if declared.idempotent and not declared.in_transaction:
            raise ValueError(f"{declared.name}: a key is claimed in the endpoint's transaction")
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
        return _finish(render_problem(error, request_id=request_id_of(req), instance=path), {})


async def serve(
    declared: Endpoint,
    handler: Handler,
    request: func.HttpRequest,
    client: OrchestrationClient | None,
) -> func.HttpResponse:
    """Runs ``handler`` for one request and renders whatever comes of it."""
    started = time.perf_counter()
    request_id = request_id_of(request)
    instance = declared.fill(request.route_params)
    call = Call(services(), request_id, request)
    with carry_trace(request.headers.get("traceparent")), log_context(**_ids(call)):
        try:
            answer = await _answer(declared, handler, call, client)
            response = func.HttpResponse(
                answer.body,
                status_code=answer.status,
                headers=answer.headers,
                mimetype=answer.media_type,
            )
        except errors.AppError as error:
            response = render_problem(error, request_id=request_id, instance=instance)
        except Exception:  # noqa: BLE001 - the boundary: nothing may leak, everything is logged
            log.opt(exception=True).error("unexpected failure in " + declared.name)
            failure = errors.InternalError("Something failed on our side; quote the request id.")
            response = render_problem(failure, request_id=request_id, instance=instance)
    seconds = time.perf_counter() - started
    request_metrics().observe(declared.path, declared.method, response.status_code, seconds)
    return _finish(response, {**call.headers, "X-Request-ID": request_id})


def _ids(call: Call) -> dict[str, str]:
    """What every log line of the request carries."""
    job_id = call.request.route_params.get("job_id")
    return {"request_id": call.request_id} | ({"job_id": job_id} if job_id else {})


async def _answer(
    declared: Endpoint, handler: Handler, call: Call, client: OrchestrationClient | None
) -> Answer:
    headers = {name.lower(): value for name, value in call.request.headers.items()}
    limiter = call.services.limiter
    if declared.access == "public":
        call.headers.update(await limiter.check(declared, None, headers))
        arguments = arguments_of(declared, call.request)
        return render(declared, await handler(call, **arguments), call.request)
    call._principal = principal = await authenticate(call.services, declared, headers)
    with log_context(user_id=str(principal.user_id)):
        count = limiter.check(declared, principal, headers)
        if not (declared.reads_as_caller and declared.in_transaction):
            call.headers.update(await count)
            return await _work(declared, handler, call, client)
        work = _work(declared, handler, call, client)
        # A read changes nothing: it is done while it is counted, which saves a round trip.
        limits, answer = await asyncio.gather(count, work, return_exceptions=True)
        if isinstance(limits, BaseException):
            raise limits
        call.headers.update(limits)
        if isinstance(answer, BaseException):
            raise answer
        return answer


async def _work(
    declared: Endpoint, handler: Handler, call: Call, client: OrchestrationClient | None
) -> Answer:
    arguments = arguments_of(declared, call.request)
    if not declared.in_transaction:
        return render(declared, await handler(call, **arguments), call.request)
    return await _answer_in_transaction(declared, handler, call, client, arguments)


async def _answer_in_transaction(
    declared: Endpoint,
    handler: Handler,
    call: Call,
    client: OrchestrationClient | None,
    arguments: Mapping[str, Any],
) -> Answer:
    database = call.services.database
    claims = {"sub": str(call.principal.user_id), "role": "authenticated"}
    reading = declared.reads_as_caller
    keyed = _keyed_request(declared, call) if declared.idempotent else None
    async with database.reading(claims) if reading else database.transaction() as transaction:
        call._transaction = transaction
        if keyed and (first := await keyed.claim(transaction, call.services.settings)):
            return first
        answer = render(declared, await handler(call, **arguments), call.request)
        if keyed:
            await keyed.store(transaction, call.services.settings, answer)
    await call.services.outbox.send(transaction.outbox, client)
    return answer


def _keyed_request(declared: Endpoint, call: Call) -> KeyedRequest | None:
    request = call.request
    path = declared.fill(request.route_params)
    return KeyedRequest.of(
        request.headers,
        call.principal.user_id,
        declared.method.encode(),
        path.encode(),
        request.get_body(),
    )


def _finish(response: func.HttpResponse, headers: Mapping[str, str]) -> func.HttpResponse:
    https = services().settings.environment != "development"
    for name, value in (security_headers(response.mimetype, https=https) | dict(headers)).items():
        response.headers.setdefault(name, value)
    return response


__all__ = ["UUID", "Call", "Reply", "endpoint", "register_fallback"]
