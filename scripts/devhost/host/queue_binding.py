"""Queue messages as the worker gets them, and outputs as they go to the queue."""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from scripts.devhost.host.dotnet import compact, looks_like_json, offset_time, token_text, utf8
from scripts.devhost.host.errors import InvocationError
from scripts.devhost.host.function_rpc import json_text, rpc, text
from scripts.devhost.host.functions import Binding


def message_body(trigger: Binding, body: bytes) -> Any:
    """The value of a queue trigger: a text, unless it asks for bytes."""
    if str(trigger.get("dataType", "")).lower() == "binary":
        return rpc.TypedData(bytes=body)
    try:
        return text(body.decode())
    except UnicodeDecodeError:
        raise InvocationError("The message is not UTF-8, and its function takes a text.") from None


def message_metadata(message: Mapping[str, Any], body: Any) -> dict[str, Any]:
    """What belongs to a queue message.

    Properties of a JSON body come in the place of the message's own, in whatever case.
    """
    metadata = {name: _typed(value) for name, value in message.items() if value is not None}
    if body.WhichOneof("data") == "string":
        metadata["QueueTrigger"] = body
        known = {name.lower(): name for name in metadata}
        for name, value in _properties(body.string).items():
            metadata[known.setdefault(name.lower(), name)] = value
    return metadata


def _typed(value: Any) -> Any:
    if isinstance(value, str):
        return text(value)
    shown = offset_time(value) if isinstance(value, dt.datetime) else value
    return json_text(compact(shown))


def _properties(body: str) -> dict[str, Any]:
    """The properties of a JSON object but for null and arrays: objects as JSON, others as texts."""
    if not looks_like_json(body):
        return {}
    try:
        parsed = json.loads(body.strip(), strict=False)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(parsed, dict):
        return {}
    return {
        _sound(name): json_text(_sound(compact(value)))
        if isinstance(value, dict)
        else text(_sound(token_text(value)))
        for name, value in parsed.items()
        if value is not None and not isinstance(value, list)
    }


def _sound(value: str) -> str:
    return utf8(value).decode()


def output_bodies(data: Any) -> list[bytes]:
    """The bodies of the messages that an output value stands for: a JSON array is several."""
    kind = data.WhichOneof("data")
    if kind is None:
        return []
    if kind == "bytes":
        return [bytes(data.bytes)]
    value = getattr(data, kind)
    if kind == "json":
        value = json.loads(value)
        if value is None:
            return []
        if isinstance(value, list):
            return [_written(item) for item in value]
    if isinstance(value, str) and looks_like_json(value):
        try:
            parsed = json.loads(value.strip(), strict=False)
        except (ValueError, RecursionError) as error:
            raise InvocationError(f"JsonReaderException: {error}") from None
        items = parsed if isinstance(parsed, list) else [parsed]
        return [utf8(token_text(item)) for item in items]
    return [_written(value)]


def _written(value: Any) -> bytes:
    """A value as text; a text stays as it is."""
    return utf8(value if isinstance(value, str) else token_text(value))
