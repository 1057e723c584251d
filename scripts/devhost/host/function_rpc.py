"""FunctionRpc messages as the host writes and reads them."""

import json
from typing import Any, Final

from scripts.devhost.host.worker_library import load_messages

rpc: Final = load_messages()


def text(value: str) -> Any:
    """A value that is a text."""
    return rpc.TypedData(string=value)


def json_text(value: str) -> Any:
    """A value that is the text of a JSON document."""
    return rpc.TypedData(json=value)


def read_text(data: Any) -> str | None:
    """The text of a value; None for none and for JSON's null."""
    kind = data.WhichOneof("data")
    if kind is None:
        return None
    value = getattr(data, kind)
    if kind == "bytes":
        return str(value.decode(errors="replace"))
    written = value if kind in ("string", "json") else json.dumps(value)
    return None if written == "null" else str(written)
