"""Queue messages as the worker gets them, and outputs as they go to the queue."""

import json
from collections.abc import Mapping
from typing import Any, Final

from scripts.devhost.host.messages import json_text, rpc, text

_PLAIN: Final = ("Id", "PopReceipt")


def message_body(body: bytes) -> Any:
    """The value of a queue trigger: a text, unless the bytes are none."""
    try:
        return text(body.decode())
    except UnicodeDecodeError:
        return rpc.TypedData(bytes=body)


def message_metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What belongs to a queue message: its id and receipt as texts, all else as JSON."""
    return {
        name: text(value) if name in _PLAIN else json_text(json.dumps(value))
        for name, value in metadata.items()
    }


def output_bodies(data: Any) -> list[bytes]:
    """The bodies of the messages that an output value stands for: a JSON array is several."""
    kind = data.WhichOneof("data")
    if kind is None:
        return []
    if kind == "bytes":
        return [bytes(data.bytes)]
    written = getattr(data, kind)
    if kind not in ("string", "json"):
        return [json.dumps(written).encode()]
    try:
        parsed = json.loads(written)
    except ValueError:
        return [written.encode()]
    if not isinstance(parsed, list):
        return [written.encode()]
    return [
        item.encode() if isinstance(item, str) else json.dumps(item).encode() for item in parsed
    ]
