"""The doctor, the smoke test and the build tell the truth; the documents are current."""

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest

from scripts.azure import OperationError
from scripts.azure.build import build
from scripts.azure.configuration import PAGE, render
from scripts.azure.connections import check_connections
from scripts.azure.migrations import for_migrations
from scripts.devhost.stack import LocalStack

ROOT = Path(__file__).parents[2]
PYTHON = "{}.{}".format(*sys.version_info)


def run(*command: str, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def doctor(*arguments: str, **environment: str) -> tuple[int, str]:
    return run(sys.executable, "scripts/doctor.py", *arguments, **environment)


@pytest.fixture
def settings(stack_services: LocalStack) -> dict[str, str]:
    info = stack_services.info
    return {
        "DATABASE_URL": info.database_url,
        "AZURE_STORAGE_CONNECTION_STRING": info.storage_connection_string,
        "SUPABASE_URL": info.supabase_url,
        "SUPABASE_ANON_KEY": info.supabase_anon_key,
        "SUPABASE_SERVICE_ROLE_KEY": info.supabase_service_role_key,
        "API_KEY_PEPPER": "pepper",
    }


class TestDoctor:
    def test_finds_nothing_where_all_is_well(self, settings: dict[str, str]) -> None:
        code, said = doctor(**settings)
        assert code == 0, said
        for part in ("Python", "versions", "host.json", "settings", "database", "storage"):
            assert re.search(f"ok    {part}: ", said)
        assert "signing system ES256, keys published: 1" in said

    def test_names_a_legacy_project(self, settings: dict[str, str]) -> None:
        class Auth(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b'{"keys": []}')

            def log_message(self, *_: object) -> None: ...

        with ThreadingHTTPServer(("127.0.0.1", 0), Auth) as server:
            Thread(target=server.serve_forever).start()
            url = f"http://127.0.0.1:{server.server_port}"
            code, said = doctor(**settings | {"SUPABASE_URL": url})
            server.shutdown()
        assert code == 0, said
        assert "signing system legacy shared secret (HS256), no key published" in said

    def test_finds_what_is_wrong(self, settings: dict[str, str]) -> None:
        wrong = {
            "CELERY_WORKER_CONCURRENCY": "4",
            "CELERY_TASK_TIME_LIMIT": "400",
            "AzureFunctionsJobHost__functionTimeout": "00:07:00",
            "STORAGE_AZURE_CONTAINER_NAME": "elsewhere",
        }
        code, said = doctor("--instances", "100", "--connection-limit", "200", **settings | wrong)
        assert code == 1
        assert "FAIL  concurrency: CELERY_WORKER_CONCURRENCY is 4" in said
        assert "FAIL  host.json: functionTimeout 420 s cuts off chunks of 400 s" in said
        assert "FAIL  storage: there is no container elsewhere" in said
        assert "may open 1500, 20 are for the frontend and migrations" in said

    def test_says_no_secret(self, settings: dict[str, str]) -> None:
        _, said = doctor("--no-network", **settings | {"DATABASE_POOL_SIZE": "s3cret"})
        assert "DATABASE_POOL_SIZE" in said
        assert not [v for v in (*settings.values(), "s3cret") if v in said]

    @pytest.mark.parametrize(("instances", "pool"), [(100, 15), (40, 5), (37, 5)])
    def test_refuses_more_connections_than_there_are(self, instances: int, pool: int) -> None:
        check_connections(20, 5, 200)
        check_connections(36, 5, 200)
        with pytest.raises(OperationError, match="the database accepts 200"):
            check_connections(instances, pool, 200)


class TestSmoke:
    @pytest.fixture
    def lame(self) -> Iterator[str]:
        """An app whose database is down."""

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                live = self.path == "/health/live"
                body = json.dumps(
                    {"version": f"1+{'a' * 12}", "components": {"database": "unhealthy"}}
                )
                self.send_response(200 if live else 503)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        server.server_close()

    def test_tells_what_fails(self, lame: str) -> None:
        code, said = run(sys.executable, "scripts/smoke.py", lame)
        assert code == 1
        assert "ok    the process lives" in said
        assert "FAIL  all parts are healthy: 503, not healthy: database" in said
        assert said.endswith("4 checks failed.\n")

    def test_tells_that_another_build_answers(self, lame: str) -> None:
        options = ("--public", "--commit", "b" * 40, "--seconds", "0")
        _, said = run(sys.executable, "scripts/smoke.py", lame, *options)
        assert f"FAIL  it is the build: not within 0 s; the last answer was 1+{'a' * 12}" in said
        options = ("--public", "--commit", "a" * 40, "--seconds", "0")
        _, said = run(sys.executable, "scripts/smoke.py", lame, *options)
        assert "ok    it is the build" in said

    def test_nobody_there(self) -> None:
        code, said = run(sys.executable, "scripts/smoke.py", "http://127.0.0.1:1", "--seconds", "0")
        assert code == 1
        assert "FAIL  the process lives: " in said


class TestBuild:
    def test_is_the_commit_and_the_same_every_time(self, head: str, tmp_path: Path) -> None:
        first, second = tmp_path / "1.zip", tmp_path / "2.zip"
        assert build(first, commit=head, python=PYTHON) == head
        build(second, commit=head, python=PYTHON)
        assert first.read_bytes() == second.read_bytes()
        with zipfile.ZipFile(first) as package:
            shown = subprocess.run(
                ["git", "show", f"{head}:function_app.py"],
                cwd=ROOT, capture_output=True, check=True,
            )  # fmt: skip
            assert package.read("function_app.py") == shown.stdout
            manifest = json.loads(package.read("build.json"))
        assert manifest == {"commit": head, "python": PYTHON}

    @pytest.fixture
    def head(self) -> str:
        command = ["git", "rev-parse", "HEAD"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        return done.stdout.strip()


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("postgresql+asyncpg://u:p@db.x.co:5432/postgres", "postgres://u:p@db.x.co:5432/postgres?sslmode=require"),
        ("postgresql://u:p%40@pool.x.co:6543/d", "postgres://u:p%40@pool.x.co:5432/d?sslmode=require"),
        ("postgresql://u@127.0.0.1:5000/d", "postgres://u@127.0.0.1:5000/d?sslmode=disable"),
        ("postgres://u@h/d?sslmode=verify-full", "postgres://u@h/d?sslmode=verify-full"),
    ],
)  # fmt: skip
def test_migrations_have_a_session_and_tls(given: str, wanted: str) -> None:
    assert for_migrations(given) == wanted


@pytest.mark.parametrize(
    "password", ["s/ecret", "s#ecret", "s?ecret", "s[ecret", "s%zzecret", "s ecret"]
)
def test_a_password_that_no_url_takes_is_explained_and_not_shown(password: str) -> None:
    with pytest.raises(OperationError, match="must be escaped") as raised:
        for_migrations(f"postgresql://postgres:{password}@pool.x.co:6543/postgres")
    assert "ecret" not in str(raised.value)


class TestDocuments:
    # Who runs the blocks marked `sh`; every other block says what it needs.
    RUN_BY: ClassVar = {
        "api-guide.md": "tests/e2e/test_api_guide.py",
        "deployment.md": "test_commands_of_the_deployment_page",
    }

    def test_configuration_is_what_the_settings_say(self) -> None:
        assert PAGE.read_text() == render(), "run python -m scripts.azure.configuration"

    def test_host_json_is_explained(self) -> None:
        page = (ROOT / "docs/host-json.md").read_text()
        for setting in _leaves(json.loads((ROOT / "host.json").read_text())):
            assert f"`{setting}`" in page, setting

    def test_commands_of_the_deployment_page(self) -> None:
        for command in _blocks("deployment.md"):
            words = [sys.executable if w == ".venv/bin/python" else w for w in command.split()]
            code, said = run(*words)
            assert code == 0, said

    def test_every_block_is_run_or_says_what_it_needs(self) -> None:
        for page in sorted((ROOT / "docs").glob("*.md")):
            languages = set(re.findall(r"^```(sh.*)$", page.read_text(), re.MULTILINE))
            needs = {language for language in languages if language.startswith("sh needs-")}
            assert languages - needs == ({"sh"} if page.name in self.RUN_BY else set()), page

    def test_the_runbooks_shell_is_one_that_zsh_takes_too(self) -> None:
        """Typed there, a comment is a command, and `read -p` asks a coprocess."""
        page = (ROOT / "docs" / "operations.md").read_text()
        (block,) = re.findall(r"```sh needs-azure\n(ENV=.*?)```", page, re.DOTALL)
        assert "secret()" in block
        assert not re.findall(r"\s#\s|read -\w*p", block)

    def test_links_lead_somewhere(self) -> None:
        for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
            for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
                if not target.startswith("http"):
                    assert (page.parent / target).exists(), f"{page.name}: {target}"


def _blocks(page: str) -> list[str]:
    text = (ROOT / "docs" / page).read_text()
    return [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
            for line in block.splitlines()]  # fmt: skip


def _leaves(value: object) -> Iterator[str]:
    if not isinstance(value, dict):
        return
    for name, inner in value.items():
        if name not in ("version", "extensions", "default", "id", "type") and "." not in name:
            if isinstance(inner, dict):
                yield from _leaves(inner)
            else:
                yield name
