"""What the fake Azure remembers: `azure.json` in the directory that FAKE_AZ_STATE names."""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

STATE = Path(os.environ["FAKE_AZ_STATE"])
Given = dict[str, Any]


def config() -> dict[str, Any]:
    """What exists."""
    return dict(json.loads((STATE / "azure.json").read_text()))


@contextmanager
def changed() -> Iterator[dict[str, Any]]:
    """Changes what exists."""
    described = config()
    yield described
    # At once: other calls read meanwhile.
    made = STATE / f"azure.json.{os.getpid()}"
    made.write_text(json.dumps(described))
    made.replace(STATE / "azure.json")


def note(**fields: object) -> None:
    """Records a call."""
    with (STATE / "calls.jsonl").open("a") as calls:
        calls.write(json.dumps({"time": time.time(), **fields}) + "\n")


def fail(message: str, code: int = 1) -> NoReturn:
    """Ends as az does."""
    sys.stderr.write(f"ERROR: {message}\n")
    sys.exit(code)
