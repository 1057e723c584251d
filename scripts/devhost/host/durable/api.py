"""The durable management API, for the client's RPC and the public webhooks alike."""

import datetime as dt
import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs

from scripts.devhost.host.durable.client_binding import instance_url, management_urls
from scripts.devhost.host.durable.engine import Engine, check_instance_id
from scripts.devhost.host.durable.events import TERMINAL, EventType, Status, timestamp
from scripts.devhost.host.durable.records import Instance
from scripts.devhost.host.durable.status import history_json, listed_json, status_json
from scripts.devhost.host.errors import HostError
from scripts.devhost.host.reserved_paths import DURABLE_PATH

_PAGE: Final = 100
_MAX_PAGE: Final = 2**31 - 1
_CONTINUATION: Final = "x-ms-continuation-token"


@dataclass(frozen=True)
class ApiRequest:
    """A request whose path begins behind the API's base path."""

    method: str
    path: str
    query: str
    body: bytes
    headers: dict[str, str]

    def first(self, name: str, default: str = "") -> str:
        """The first value of a query parameter, ignoring the case of its name."""
        for key, values in parse_qs(self.query).items():
            if key.lower() == name.lower():
                return values[0]
        return default

    def flag(self, name: str, default: bool = False) -> bool:
        """A query parameter that is true or false."""
        return self.first(name, str(default)).lower() == "true"


@dataclass(frozen=True)
class ApiReply:
    """Status, JSON body (None: empty) and headers."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class DurableApi:
    """Answers what DurableOrchestrationClient asks."""

    def __init__(self, engine: Engine, public_origin: str) -> None:
        self._engine = engine
        self._store = engine.store
        self._base = public_origin + DURABLE_PATH

    def handle(self, request: ApiRequest) -> ApiReply:
        """The reply to one request."""
        try:
            return self._route(request)
        except (ValueError, OverflowError) as error:  # a time or number of the query that is none
            return _refusal(400, str(error))
        except sqlite3.OperationalError as error:
            return _refusal(500, f"The durable state cannot be stored: {error}.")

    def _route(self, request: ApiRequest) -> ApiReply:
        parts = request.path.strip("/").split("/")
        match (request.method, *parts):
            case ("POST", "orchestrators", name):
                return self._start(request, name, None)
            case ("POST", "orchestrators", name, instance_id):
                return self._start(request, name, instance_id)
            case ("GET", "instances"):
                return self._list(request)
            case ("DELETE", "instances"):
                return self._purge_many(request)
            case ("GET", "instances", instance_id):
                return self._status(request, instance_id)
            case ("DELETE", "instances", instance_id):
                return self._purge(instance_id)
            case ("POST", "instances", instance_id, operation, *rest):
                return self._operate(request, instance_id, operation, rest)
            case ("GET", "entities"):
                return ApiReply(200, [])
            case (_, "entities", *_):
                return _refusal(501, "Durable entities are not offered by the local host.")
        return ApiReply(404)

    def _start(self, request: ApiRequest, name: str, instance_id: str | None) -> ApiReply:
        problem = _not_json(request.body)  # an unknown name fails later, in the instance
        if problem is not None:
            return _refusal(400, problem)
        if instance_id is not None:
            try:
                check_instance_id(instance_id)
            except HostError as error:
                return _refusal(400, str(error))
        body = _text(request.body) or None
        started = self._engine.start(name, instance_id, body, request.first("version") or None)
        if started is None:
            return _refusal(409, f"An instance with the id {instance_id} is running already.")
        return self._started(started)

    def _started(self, instance_id: str) -> ApiReply:
        urls = management_urls(self._base, instance_id, self._engine.settings.hub_name)
        del urls["rewindPostUri"]
        return ApiReply(202, urls, {"Location": urls["statusQueryGetUri"], "Retry-After": "10"})

    def _status(self, request: ApiRequest, instance_id: str) -> ApiReply:
        instance = self._store.find(instance_id)
        if instance is None:
            return ApiReply(404)
        show_input = request.flag("showInput", default=True)
        body = status_json(instance, show_input=show_input)
        if request.flag("showHistory") and instance.status is not Status.PENDING:
            body["historyEvents"] = history_json(
                self._store.history(instance_id),
                show_input=show_input,
                show_output=request.flag("showHistoryOutput"),
            )
        if instance.status not in TERMINAL:
            location = f"{instance_url(self._base, instance_id)}?{request.query}"
            return ApiReply(202, body, {"Location": location, "Retry-After": "5"})
        failed_as_error = request.flag("returnInternalServerErrorOnFailure")
        failed = instance.status is Status.FAILED
        return ApiReply(500 if failed and failed_as_error else 200, body)

    def _matching(self, request: ApiRequest, **more: Any) -> list[Instance]:
        known = {str(status).lower(): status for status in Status}
        named = request.first("runtimeStatus").lower().split(",")
        statuses = [known[name] for name in named if name in known]
        return self._store.query(
            created_from=_moment(request.first("createdTimeFrom")),
            created_to=_moment(request.first("createdTimeTo")) or "~",
            prefix=request.first("instanceIdPrefix"),
            statuses=statuses,
            **more,
        )

    def _list(self, request: ApiRequest) -> ApiReply:
        top = int(request.first("top") or _PAGE)
        page = top if 0 < top <= _MAX_PAGE else _PAGE
        found = self._matching(request, after=request.headers.get(_CONTINUATION, ""), limit=page)
        show_input = request.flag("showInput", default=True)
        headers = {_CONTINUATION: found[-1].id if len(found) == page else ""}
        return ApiReply(200, [listed_json(i, show_input=show_input) for i in found], headers)

    def _purge(self, instance_id: str) -> ApiReply:
        instance = self._store.find(instance_id)
        if instance is None:
            return ApiReply(404)
        if instance.status not in TERMINAL:
            return ApiReply(412, f"The instance {instance_id} has not ended.")
        return ApiReply(200, {"instancesDeleted": self._store.purge([instance_id])})

    def _purge_many(self, request: ApiRequest) -> ApiReply:
        if not request.first("createdTimeFrom"):
            return _refusal(400, "createdTimeFrom is required.")
        deleted = self._store.purge([instance.id for instance in self._matching(request)])
        return ApiReply(200 if deleted else 404, {"instancesDeleted": deleted})

    def _operate(
        self, request: ApiRequest, instance_id: str, operation: str, rest: list[str]
    ) -> ApiReply:
        instance = self._store.find(instance_id)
        if instance is None and operation.lower() == "restart":
            return _refusal(400, f"There is no instance {instance_id} to restart.")
        if instance is None:
            return ApiReply(404)
        if operation.lower() == "restart":
            return self._restart(request, instance)
        if operation == "rewind":
            return _refusal(501, "Rewinding is not offered by the local host.")
        if instance.status in TERMINAL:
            return ApiReply(410)
        reason = request.first("reason")
        steps: dict[str, Callable[[], ApiReply]] = {
            "raiseEvent": lambda: self._raise_event(request, instance, rest),
            "terminate": lambda: self._send(instance, EventType.EXECUTION_TERMINATED, Input=reason),
            "suspend": lambda: self._suspend(instance, reason),
            "resume": lambda: self._resume(instance, reason),
        }
        known = {name.lower(): step for name, step in steps.items()}
        step = known.get(operation.lower())
        return ApiReply(404) if step is None else step()

    def _send(self, instance: Instance, kind: EventType, **fields: Any) -> ApiReply:
        self._engine.send(instance.id, kind, **fields)
        return ApiReply(202)

    def _raise_event(self, request: ApiRequest, instance: Instance, rest: list[str]) -> ApiReply:
        if len(rest) != 1:
            return ApiReply(404)
        problem = _not_json(request.body or b"?")
        if problem is not None:
            return _refusal(400, problem)
        text = _text(request.body)
        return self._send(instance, EventType.EVENT_RAISED, Name=rest[0], Input=text)

    def _suspend(self, instance: Instance, reason: str) -> ApiReply:
        if instance.status is Status.SUSPENDED:
            return _refusal(500, f"The instance {instance.id} is suspended already.")
        return self._send(instance, EventType.EXECUTION_SUSPENDED, Reason=reason)

    def _resume(self, instance: Instance, reason: str) -> ApiReply:
        if instance.status is not Status.SUSPENDED:
            return _refusal(500, f"The instance {instance.id} is not suspended.")
        return self._send(instance, EventType.EXECUTION_RESUMED, Reason=reason)

    def _restart(self, request: ApiRequest, instance: Instance) -> ApiReply:
        new_id = request.flag("restartWithNewInstanceId", default=True)
        started = self._engine.start(
            instance.name, None if new_id else instance.id, instance.input, instance.version
        )
        if started is None:
            return _refusal(409, f"The instance {instance.id} is still running.")
        return self._started(started)


def _moment(text: str) -> str:
    """A time of a query as the store writes it; without an offset it is UTC."""
    if not text:
        return ""
    moment = dt.datetime.fromisoformat(text.replace(" ", "+"))
    return timestamp(moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC))


def _refusal(status: int, text: str) -> ApiReply:
    return ApiReply(status, {"Message": text, "ExceptionMessage": text})


def _text(body: bytes) -> str:
    return body.decode("utf-8-sig")


def _not_json(body: bytes) -> str | None:
    if body:
        try:
            json.loads(_text(body))
        except (ValueError, RecursionError):
            return "Only application/json request content is supported"
    return None
