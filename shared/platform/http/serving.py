"""What happens around every handler: caller, limits, transaction, idempotency, answer, problem."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from shared.platform import errors
from shared.platform.durable import OrchestrationClient
from shared.platform.http import exchange
from shared.platform.http.answer import Answer, in_ascii, render, security_headers, with_successor
from shared.platform.http.auth.authentication import authenticate
from shared.platform.http.call import AppServices, Call, Handler
from shared.platform.http.problem import render_problem
from shared.platform.http.registry import Endpoint, allowed_methods
from shared.platform.http.request import Request, arguments_of, request_id_of
from shared.platform.idempotency import KeyedRequest
from shared.platform.observe.logging import get_logger, log_context
from shared.platform.observe.metrics import request_metrics
from shared.platform.observe.tracing import carry_trace

AnyCall: TypeAlias = Call[AppServices]

log = get_logger(__name__)


async def serve(
    app: AppServices,
    declared: Endpoint,
    handler: Handler,
    request: Request,
    client: OrchestrationClient | None,
) -> Answer:
    """The answer of ``handler`` to one request, or a problem document, whatever happens."""
    call = Call(app, request_id_of(request), request, client)
    traceparent = request.headers.get("traceparent")
    is_shown = app.settings.debug
    with carry_trace(traceparent, declared.name), log_context(**_ids(call)):
        if is_shown:
            exchange.log_request(declared, request)
        try:
            answer = await _answer(declared, handler, call, client)
        except errors.AppError as error:
            user = call._principal
            exchange.log_error(error, declared, str(user.user_id) if user else None)
            answer = _problem(error, declared, call)
        except Exception:  # noqa: BLE001 - the boundary: nothing may leak, everything is logged
            log.opt(exception=True).error("unexpected failure in " + declared.name)
            failure = errors.InternalError("Something failed on our side; quote the request id.")
            answer = _problem(failure, declared, call)
        if is_shown:
            exchange.log_answer(answer, call.age)
    request_metrics().observe(declared.path, declared.method, answer.status, call.age)
    if declared.successor:
        answer = with_successor(answer, declared.successor, request.route_params)
    return _finish(app, answer, {**call.headers, "X-Request-ID": call.request_id})


def refuse(app: AppServices, request: Request, method: str, path: str) -> Answer:
    """The answer to what no endpoint matches: 405 with ``Allow`` on a known path, 404 elsewhere."""
    methods = allowed_methods(path)
    error: errors.AppError = errors.NotFound("There is nothing at this address.")
    if methods and method not in methods:
        error = errors.MethodNotAllowed(
            f"{path} supports {', '.join(methods)}.", headers={"Allow": ", ".join(methods)}
        )
    request_id = request_id_of(request)
    answer = render_problem(error, request_id=request_id, instance=path)
    return _finish(app, answer, {"X-Request-ID": request_id})


def _ids(call: AnyCall) -> dict[str, str]:
    """What every log line of the request carries."""
    job_id = call.request.route_params.get("job_id")
    return {"request_id": call.request_id} | ({"job_id": job_id} if job_id else {})


async def _answer(
    declared: Endpoint,
    handler: Handler,
    call: AnyCall,
    client: OrchestrationClient | None,
) -> Answer:
    headers = {name.lower(): value for name, value in call.request.headers.items()}
    limiter = call.services.limiter
    if declared.access == "public":
        call.headers.update(await limiter.check(declared, None, headers))
        arguments = _arguments(declared, call)
        return render(declared, await handler(call, **arguments), call.request)
    call._principal = principal = await authenticate(call.services, declared, headers)
    with log_context(user_id=str(principal.user_id)):
        if not (declared.reads_as_caller and declared.in_transaction):
            call.headers.update(await limiter.check(declared, principal, headers))
            return await _work(declared, handler, call, client)
        # A read changes nothing: it is done while it is counted, which saves a round trip. Only
        # those that come before the first refusal has been heard of are done for nothing.
        limiter.refuse_full(declared, principal, headers)
        count = limiter.check(declared, principal, headers)
        work = _work(declared, handler, call, client)
        limits, answer = await asyncio.gather(count, work, return_exceptions=True)
        if isinstance(limits, BaseException):
            raise limits
        call.headers.update(limits)
        if isinstance(answer, BaseException):
            raise answer
        return answer


async def _work(
    declared: Endpoint,
    handler: Handler,
    call: AnyCall,
    client: OrchestrationClient | None,
) -> Answer:
    arguments = _arguments(declared, call)
    if not declared.in_transaction:
        return render(declared, await handler(call, **arguments), call.request)
    return await _answer_in_transaction(declared, handler, call, client, arguments)


def _arguments(declared: Endpoint, call: AnyCall) -> dict[str, Any]:
    return arguments_of(declared, call.request, call.services.settings.peppers)


async def _answer_in_transaction(
    declared: Endpoint,
    handler: Handler,
    call: AnyCall,
    client: OrchestrationClient | None,
    arguments: Mapping[str, Any],
) -> Answer:
    database = call.services.database
    reading = declared.reads_as_caller
    keyed = _keyed_request(declared, call) if declared.idempotent else None
    caller = call.principal
    opened = database.reading(caller.claims) if reading else database.transaction(caller.user_id)
    async with opened as transaction:
        call._transaction = transaction
        transaction.client = client
        if keyed and (first := await keyed.claim(transaction, call.services.settings)):
            return first
        answer = render(declared, await handler(call, **arguments), call.request)
        if keyed:
            await keyed.store(transaction, call.services.settings, answer)
        return answer


def _keyed_request(declared: Endpoint, call: AnyCall) -> KeyedRequest | None:
    request = call.request
    path = declared.fill(request.route_params)
    return KeyedRequest.of(
        request.headers,
        call.principal.user_id,
        declared.method.encode(),
        path.encode(),
        request.get_body(),
    )


def _problem(error: errors.AppError, declared: Endpoint, call: AnyCall) -> Answer:
    instance = declared.fill(call.request.route_params)
    return render_problem(error, request_id=call.request_id, instance=instance)


def _finish(app: AppServices, answer: Answer, headers: Mapping[str, str]) -> Answer:
    """The answer with what every one carries; its own headers come first."""
    https = app.settings.environment != "development"
    always = security_headers(answer.media_type, https=https)
    return replace(answer, headers=in_ascii({**always, **headers, **answer.headers}))
