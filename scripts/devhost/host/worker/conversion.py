"""Between what travels in frames and what user functions take and return."""

import json
from collections.abc import Iterable
from typing import Any

import azure.functions as func
from azure.functions.http import HttpRequest
from azure.functions.meta import Datum

from scripts.devhost.host.worker.loading import LoadedFunction

HttpReply = tuple[int, list[tuple[str, str]], bytes]

_registry = func.get_binding_registry()  # type: ignore[no-untyped-call]


class OutValue(func.Out[Any]):
    """The output parameter of a function; nothing is sent unless `set` was called."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    def set(self, val: Any) -> None:
        """Keep the value; the last one counts."""
        self.values[:] = [val]

    def get(self) -> Any:
        """The value set last, or None."""
        return self.values[0] if self.values else None


def decode_trigger(function: LoadedFunction, payload: Any) -> Any:
    """The value for the trigger's parameter."""
    kind = function.trigger["type"]
    if kind == "httpTrigger":
        method, url, headers, query, route, body = payload
        return HttpRequest(
            method,
            url,
            headers=headers,
            params=query,
            route_params=route,
            body_type="bytes",
            body=body,
        )
    if kind == "orchestrationTrigger":
        return func.OrchestrationContext(payload)
    if kind == "queueTrigger":
        body, metadata = payload
        if function.plain_trigger_type is not None:
            return body if function.plain_trigger_type is bytes else body.decode()
        return _decode(kind, _text_or_bytes(body), _queue_metadata(metadata))
    if kind == "timerTrigger":
        return _decode(kind, Datum(payload, "json"))
    if kind == "activityTrigger":
        return _decode(kind, Datum(payload, "string"))
    raise NotImplementedError(f"{kind} is not supported by the local host")


def _decode(kind: str, datum: Datum, metadata: dict[str, Datum] | None = None) -> Any:
    return _registry.get(kind).decode(datum, trigger_metadata=metadata)


def _text_or_bytes(body: bytes) -> Datum:
    try:
        return Datum(body.decode(), "string")
    except UnicodeDecodeError:
        return Datum(body, "bytes")


def _queue_metadata(metadata: dict[str, Any]) -> dict[str, Datum]:
    kinds = {"Id": "string", "PopReceipt": "string", "DequeueCount": "int"}
    return {
        name: Datum(value if name in kinds else json.dumps(value), kinds.get(name, "json"))
        for name, value in metadata.items()
    }


def encode_http(result: Any) -> HttpReply:
    """Status, headers and body of an HTTP function's result."""
    if isinstance(result, str):
        return _sniffed_reply(result)
    if result is None:
        raise TypeError("an HTTP function must return an HttpResponse, not None")
    value: Any = _registry.get("http").encode(result, expected_type=None).value
    headers = [(str(name), str(datum.value)) for name, datum in value["headers"].items()]
    for cookie in value["cookies"] or ():
        headers += [("Set-Cookie", morsel.OutputString()) for morsel in cookie.values()]
    return int(str(value["status_code"].value)), headers, bytes(value["body"].value)


def _sniffed_reply(text: str) -> HttpReply:
    """A returned string is read as JSON first; an object with `body` is a whole response."""
    try:
        value = json.loads(text)
    except ValueError:
        return 200, [("Content-Type", "text/plain; charset=utf-8")], text.encode()
    if not isinstance(value, dict) or "body" not in value:
        kind = "application/json; charset=utf-8"
        return 200, [("Content-Type", kind)], json.dumps(value).encode()
    status = int(str(value.get("status") or value.get("statusCode") or 200))
    headers = [(str(name), str(item)) for name, item in value.get("headers", {}).items()]
    body = value["body"]
    return status, headers, (body if isinstance(body, str) else json.dumps(body)).encode()


def encode_activity(result: Any) -> str | None:
    """The JSON text of an activity's result; None for null."""
    text = str(_registry.get("activityTrigger").encode(result, expected_type=None).value)
    return None if text == "null" else text


def encode_queue(value: Any) -> list[bytes]:
    """The bodies of the messages an output value stands for."""
    datum = _registry.get("queue").encode(value, expected_type=None)
    if datum.type == "bytes":
        return [bytes(datum.value)]
    text = str(datum.value)
    try:
        parsed = json.loads(text)
    except ValueError:
        return [text.encode()]
    if not isinstance(parsed, list):
        return [text.encode()]
    return [_message_text(item).encode() for item in parsed]


def _message_text(item: Any) -> str:
    return item if isinstance(item, str) else json.dumps(item)


def collect_outputs(
    function: LoadedFunction, outputs: dict[str, OutValue], result: Any
) -> list[tuple[str, list[bytes]]]:
    """The queue messages to send after success, by binding name."""
    values: list[tuple[str, Iterable[Any]]] = [(name, out.values) for name, out in outputs.items()]
    if function.returns == "queue" and result is not None:
        values.append(("$return", [result]))
    return [(name, encode_queue(value)) for name, kept in values for value in kept]
