"""The load on a deployment ends with what its figures mean, and finds what is slow or fails."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest

from scripts.azure.load import judge
from scripts.azure.thresholds import Verdict
from scripts.bench.load import Load

ROOT = Path(__file__).parents[3]


def measured(milliseconds: list[float], errors: int) -> Load:
    load = Load("http://api.test", {}, 1, [1])
    load.seconds, load.errors = [ms / 1000 for ms in milliseconds], errors
    return load


@pytest.mark.parametrize(
    ("milliseconds", "errors", "verdict"),
    [
        ([50.0] * 1000, 9, Verdict.WITHIN),
        ([199.0] * 1000, 0, Verdict.WITHIN),
        ([50.0] * 960 + [5000.0] * 40, 0, Verdict.WITHIN),  # four of a hundred are no p95
        ([50.0] * 940 + [500.0] * 60, 0, Verdict.OUTSIDE),
        ([200.0] * 1000, 0, Verdict.OUTSIDE),
        ([50.0] * 1000, 10, Verdict.OUTSIDE),
        ([1000.0] * 1000, 50, Verdict.OUTSIDE),
        ([1001.0] * 1000, 0, Verdict.ROLL_BACK),
        ([50.0] * 1000, 51, Verdict.ROLL_BACK),
    ],
)
def test_judges(milliseconds: list[float], errors: int, verdict: Verdict) -> None:
    assert judge(measured(milliseconds, errors)) is verdict


class Deployment(BaseHTTPRequestHandler):
    """Lets anybody in and makes whatever is asked for; reads go as ``read`` says."""

    read: ClassVar[Callable[[int], int]]
    reads = 0
    removed: ClassVar[list[str]]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(201, {"id": 7, "access_token": "t"})

    def do_DELETE(self) -> None:
        self.removed.append(self.path)
        self.answer(200, {})

    def do_GET(self) -> None:
        kind = type(self)
        kind.reads += 1
        status = kind.read(kind.reads)
        if status:
            self.answer(status, {})

    def answer(self, status: int, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None: ...


@contextmanager
def deployment(read: Callable[[int], int]) -> Iterator[tuple[str, list[str]]]:
    removed: list[str] = []
    described = {"read": staticmethod(read), "removed": removed}
    handler = type("Handler", (Deployment,), described)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}", removed
        server.shutdown()


def load(url: str, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "scripts/load.py", url, *arguments],
        cwd=ROOT, env=os.environ | {"SMOKE_EMAIL": "a@b.c", "SMOKE_PASSWORD": "p"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def slow(_: int) -> int:
    time.sleep(1.2)
    return 200


def failing(number: int) -> int:
    return 200 if number % 10 else 503


def hanging_up(number: int) -> int:
    return 200 if number % 10 > 3 else 0  # several in a row: a client asks once more


@pytest.mark.parametrize("read", [slow, failing, hanging_up])
def test_what_is_to_be_rolled_back_ends_with_3(read: Callable[[int], int]) -> None:
    with deployment(read) as (url, removed):
        code, said = load(url, "--seconds", "1", "--per-second", "100")
    assert code == 3, said
    assert said.splitlines()[-1].startswith("Roll back: ")
    assert removed == ["/api/v1/projects/7"]


def test_nobody_there_is_no_measurement() -> None:
    code, said = load("http://127.0.0.1:1")
    assert code == 2
    assert said.startswith("It cannot be tried: http://127.0.0.1:1/api/v1/ does not answer")


@pytest.mark.parametrize("arguments", [("--seconds", "5"), ("--per-second", "0")])
def test_too_few_requests_are_refused(arguments: tuple[str, str]) -> None:
    code, said = load("http://127.0.0.1:1", *arguments)
    assert code == 2
    assert "at least 100 requests are needed" in said
