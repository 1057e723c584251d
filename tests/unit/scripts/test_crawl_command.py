"""What ``crawl.sh`` says to arguments and services that it cannot work with."""

import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from scripts.crawl.screen import plain_console

ROOT = Path(__file__).resolve().parents[3]
REMOTE = ("--api-key", "k")


def run(*arguments: str | bytes, out: Path) -> tuple[int, str]:
    """Exit code and last line on stderr; there is never a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "scripts.crawl", *arguments, "--out", out],
        cwd=ROOT, env={**os.environ, "PYTHONUTF8": "1"}, capture_output=True, check=False,
    )  # fmt: skip
    said = done.stderr.decode()
    assert "Traceback" not in said
    return done.returncode, said.splitlines()[-1]


@pytest.fixture(params=["<html>", '{"message": "no"}', "[]"])
def stranger(request: pytest.FixtureRequest) -> Iterator[str]:
    """A web server that is something else; its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(request.param.encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class TestArguments:
    @pytest.mark.parametrize(
        ("arguments", "complaint"),
        [
            (("cat", "--max-images", "0"), "'0' is not a number from 1 to 999999999"),
            (("cat", "--max-images", "abc"), "'abc' is not a number from 1 to 999999999"),
            (("cat", "--max-images", "9" * 5000), "is not a number from 1 to 999999999"),
            ((b"\xff\xfe",), "is not a word to search for"),
            (("a\x1b[31m",), "is not a word to search for"),
            (("",), "is not a word to search for"),
            (("cat", "--api-url", "http://x:y", *REMOTE), "is not an http:// or https:// address"),
            (("cat", "--api-url", "ftp://x", *REMOTE), "is not an http:// or https:// address"),
            (("cat", "--api-url", "http://x", "--api-key", "ключ"), "only ASCII characters"),
            (("cat", "--api-url", "http://x"), "--api-url and --api-key go together"),
            (("cat",), "--api-url and --api-key are needed"),
        ],
    )
    def test_unusable_ones_are_named(
        self, arguments: tuple[str | bytes, ...], complaint: str, tmp_path: Path
    ) -> None:
        code, said = run(*arguments, out=tmp_path)
        assert code == 2
        assert complaint in said

    def test_a_directory_that_is_a_file_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        assert run("cat", "--api-url", "http://x", *REMOTE, out=tmp_path / "file") == (
            1,
            f"crawl: {tmp_path / 'file'}: File exists.",
        )


class TestService:
    def test_another_one_is_not_mistaken_for_ours(self, stranger: str, tmp_path: Path) -> None:
        code, said = run("cat", "--api-url", stranger, *REMOTE, out=tmp_path)
        assert (code, said) == (
            1,
            f"crawl: What answers at {stranger}/api/v1/ is not PixCrawler.",
        )


class TestConsole:
    def test_shows_keywords_as_they_are(self, capsys: pytest.CaptureFixture[str]) -> None:
        plain_console().print("[/bold] [red] :cat:")
        assert capsys.readouterr().out == "[/bold] [red] :cat:\n"
