"""The user that tries a deployment is removed again; who cannot be is told of, and no more."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest

from scripts.azure import smoke
from scripts.azure.account import user

ROOT = Path(__file__).parents[3]


@dataclass
class Auth:
    """Supabase Auth, as far as users are made and removed."""

    url: str = ""
    deletion: int = 200
    asked: list[str] = field(default_factory=list)
    waits: Event = field(default_factory=Event)  # a GET has come, and is never answered
    over: Event = field(default_factory=Event)


@pytest.fixture
def auth(monkeypatch: pytest.MonkeyPatch) -> Iterator[Auth]:
    with serving(Auth()) as auth:
        for name in ("SMOKE_EMAIL", "SMOKE_PASSWORD"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("SUPABASE_URL", auth.url)
        monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY", "hush")
        yield auth


@contextmanager
def serving(auth: Auth) -> Iterator[Auth]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(200, b'{"id": "1234"}')

        def do_DELETE(self) -> None:
            self.answer(auth.deletion, b"{}")

        def do_GET(self) -> None:
            auth.waits.set()
            auth.over.wait()

        def answer(self, status: int, body: bytes) -> None:
            auth.asked.append(f"{self.command} {self.path}")
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        auth.url = f"http://127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever).start()
        try:
            yield auth
        finally:
            auth.over.set()
            server.shutdown()


REMOVED = ["POST /auth/v1/admin/users", "DELETE /auth/v1/admin/users/1234"]


@pytest.mark.parametrize("ended_by", [AssertionError, KeyboardInterrupt])
def test_whatever_ends_it_the_user_goes(auth: Auth, ended_by: type[BaseException]) -> None:
    with pytest.raises(ended_by), user():
        raise ended_by
    assert auth.asked == REMOVED


def test_one_that_stays_is_no_fault_of_the_build(
    auth: Auth, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for part in ("_public", "_private"):  # all of it passes
        monkeypatch.setattr(smoke, part, lambda *_: None)
    monkeypatch.setattr(sys, "argv", ["smoke.py", auth.url])
    auth.deletion = 500
    assert smoke.main() == 0
    said = capsys.readouterr()
    assert "Everything works." in said.out
    assert "could not be removed: Server error '500" in said.err
    assert f'$SUPABASE_SERVICE_ROLE_KEY" {auth.url}/auth/v1/admin/users/1234\n' in said.err
    assert "hush" not in said.out + said.err
    # The command does what it says.
    auth.deletion = 200
    _, _, command = said.err.strip().partition("environment: ")
    subprocess.run(["bash", "-c", f"{command} --silent --fail"], check=True)
    assert auth.asked == [*REMOVED, REMOVED[-1]]


def test_a_smoke_test_that_is_interrupted_says_so_in_a_line(auth: Auth) -> None:
    process = subprocess.Popen(
        [sys.executable, "scripts/smoke.py", auth.url],
        cwd=ROOT, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert auth.waits.wait(60)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "smoke: interrupted.\n")
