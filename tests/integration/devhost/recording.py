"""What the real host did, request by request, and the apps that were asked."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.integration.devhost.hosting import RunningHost

RECORDED = Path(__file__).parent / "recorded"
REAL_HOST = "127.0.0.1:7071"  # HOST in the recordings stands for as many letters


def read(name: str) -> Any:
    return json.loads((RECORDED / f"{name}.json").read_text())


class RecordingHost(RunningHost):
    """A host over a recorded app, which writes down what its functions receive."""

    def __init__(self, directory: Path, app: str, **environment: str) -> None:
        shutil.copytree(RECORDED / app, directory / "app")
        self.received_file = directory / "received.jsonl"
        self.received_file.touch()
        super().__init__(
            directory, "function_app.py", RECV_FILE=str(self.received_file), **environment
        )
        self._read = 0

    def received(self) -> list[dict[str, Any]]:
        """What functions have received since the last call."""
        text = self.received_file.read_text()
        lines = text[self._read :].splitlines()
        self._read = len(text)
        found = [json.loads(line) for line in lines]
        for item in found:
            item.pop("body_type", None)  # "bytes", which the recordings leave out
        return found


@contextmanager
def recorded_app(directory: Path, app: str, **environment: str) -> Iterator[RecordingHost]:
    """The app with nothing but its HTTP functions, so that it needs no storage."""
    disabled = {
        f"AzureWebJobs.{name}.Disabled": "true" for name in ("qin", "qfail", "tick", "tick20")
    }
    with RecordingHost(directory, app, **disabled, **environment) as host:
        yield host


def full_request(case: dict[str, Any]) -> bytes:
    """The request as it was sent; the recordings cut a long run of x and what follows it."""
    request = str(case["request"])
    if "x" * 100 in request:
        start = request.rstrip("x")
        end = "\r\n\r\n" if "HOST" in start else " HTTP/1.1\r\nHost: HOST\r\n\r\n"
        around = len((start + end).replace("HOST", REAL_HOST))
        request = start + "x" * (int(case["request_len"]) - around) + end
    return request.replace("HOST", REAL_HOST).encode("latin-1")
