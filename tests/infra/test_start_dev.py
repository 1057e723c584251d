"""start-dev.sh: everything that can be missing is named; what it starts ends with it."""

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from scripts.devhost.stack import LocalStack
from tests.infra.cloud import Project
from tests.integration.devhost.hosting import eventually, free_port

ROOT = Path(__file__).parents[2]
NOBODY = "127.0.0.1:1"


@pytest.fixture
def values(stack_services: LocalStack) -> dict[str, str]:
    """The Values of a local.settings.json with which everything starts."""
    info = stack_services.info
    return {
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "DATABASE_URL": info.database_url,
        "AzureWebJobsStorage": info.storage_connection_string,
        "SUPABASE_URL": info.supabase_url,
        "SUPABASE_ANON_KEY": info.supabase_anon_key,
        "SUPABASE_SERVICE_ROLE_KEY": info.supabase_service_role_key,
        "API_KEY_PEPPER": "pepper",
    }


class Developer:
    """Somebody at a terminal in a clone of the project."""

    def __init__(self, project: Path, tools: Path) -> None:
        self.project = project
        self.tools = tools
        self.tools.mkdir()

    def configure(self, values: dict[str, str], **changes: str) -> None:
        settings = {"IsEncrypted": False, "Values": values | changes}
        (self.project / "local.settings.json").write_text(json.dumps(settings))

    def install(self, tool: str, script: str) -> None:
        (self.tools / tool).write_text(f"#!/bin/sh\n{script}\n")
        (self.tools / tool).chmod(0o755)

    def start(self, *arguments: str, path: str = "") -> subprocess.Popen[str]:
        path = path or f"{self.tools}:{os.environ['PATH']}"
        return subprocess.Popen(
            ["/bin/bash", "./scripts/start-dev.sh", *arguments], cwd=self.project,
            env={"PATH": path, "HOME": str(self.tools)}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def fails(self, *arguments: str, path: str = "") -> str:
        """What is said when it does not start."""
        process = self.start(*arguments, path=path)
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 1, said
        assert "Traceback" not in said
        return said


@pytest.fixture
def developer(project: Project, tmp_path: Path) -> Developer:
    return Developer(project.directory, tmp_path / "tools")


class TestRefusals:
    def test_no_python_that_is_new_enough(self, developer: Developer) -> None:
        for command in ("ls", "dirname", "cat", "cksum", "mkdir"):
            (developer.tools / command).symlink_to(f"/bin/{command}")
        developer.install("python3", "exit 1")
        (developer.project / ".venv").unlink()
        said = developer.fails("--check", path=str(developer.tools))
        assert "needs Python 3.11, 3.12 or 3.13, and none was found" in said

    def test_settings_that_are_missing_are_named_together(self, developer: Developer) -> None:
        developer.configure({"FUNCTIONS_WORKER_RUNTIME": "python"})
        said = developer.fails("--check")
        for name in ("DATABASE_URL", "SUPABASE_URL", "SUPABASE_ANON_KEY", "API_KEY_PEPPER"):
            assert f"{name}: missing" in said

    def test_settings_that_are_no_json(self, developer: Developer) -> None:
        (developer.project / "local.settings.json").write_text("{")
        said = developer.fails("--check")
        assert re.search(r"FAIL  settings files: Unable to parse .+local\.settings\.json", said)

    def test_services_that_do_not_answer(
        self, developer: Developer, values: dict[str, str]
    ) -> None:
        account = "AccountName=a;AccountKey=YQ=="
        developer.configure(
            values,
            DATABASE_URL=f"postgresql://u@{NOBODY}/d",
            SUPABASE_URL=f"http://{NOBODY}",
            AzureWebJobsStorage=f"{account};BlobEndpoint=http://{NOBODY}/a;"
            f"QueueEndpoint=http://{NOBODY}/a",
            LIMITER_BACKEND="redis",
            LIMITER_REDIS_PORT="1",
        )  # fmt: skip
        said = developer.fails("--check")
        for part in ("database", "Supabase Auth", "storage", "Redis"):
            assert re.search(f"FAIL  {part}: .+", said), said
        assert "mend what failed above" in said

    def test_a_database_without_our_tables(
        self, developer: Developer, values: dict[str, str]
    ) -> None:
        server = values["DATABASE_URL"].rpartition("/")[0]
        developer.configure(values, DATABASE_URL=f"{server}/template1")
        said = developer.fails("--check")
        assert 'FAIL  database: relation "schema_migrations" does not exist' in said

    def test_a_port_that_is_taken(
        self, developer: Developer, values: dict[str, str], stack_services: LocalStack
    ) -> None:
        developer.configure(values)
        port = stack_services.info.supabase_url.rpartition(":")[2]
        assert f"Port {port} is taken" in developer.fails("--port", port)

    @pytest.mark.parametrize("port", ["0", "65536", "web", "-1"])
    def test_a_port_that_is_none(self, developer: Developer, port: str) -> None:
        process = developer.start(f"--port={port}")
        said, _ = process.communicate(timeout=60)
        assert (process.returncode, f"{port} is no port" in said) == (2, True), said

    def test_a_port_of_the_local_stack_that_is_taken(
        self, developer: Developer, stack_services: LocalStack
    ) -> None:
        port = stack_services.info.supabase_url.rpartition(":")[2]
        assert f"Port {port} is taken" in developer.fails("--port", port)

    def test_no_core_tools(self, developer: Developer, values: dict[str, str]) -> None:
        developer.configure(values)
        assert "(func) is not installed" in developer.fails("--host", "func")

    def test_no_frontend(self, developer: Developer, tmp_path: Path) -> None:
        frontend = tmp_path / "frontend"
        assert "has no package.json" in developer.fails("--frontend", str(frontend))
        frontend.mkdir()
        (frontend / "package.json").write_text("{}")
        assert "bun is not installed" in developer.fails("--frontend", str(frontend))
        developer.install("bun", "exit 0")
        developer.install("node", "echo v16.20.0")
        assert "Node.js 20 or newer is needed" in developer.fails("--frontend", str(frontend))


class TestStart:
    def test_checks_only(self, developer: Developer, values: dict[str, str]) -> None:
        developer.configure(values)
        process = developer.start("--check")
        said, _ = process.communicate(timeout=60)
        assert (process.returncode, said.splitlines()[-1]) == (0, "Everything is there.")

    def test_takes_an_env_file_too(self, developer: Developer, values: dict[str, str]) -> None:
        lines = [f"{name}='{value}'" for name, value in values.items()]
        (developer.project / ".env").write_text("\n".join(lines))
        process = developer.start("--check")
        said, _ = process.communicate(timeout=60)
        assert "database: PostgreSQL" in said
        assert (process.returncode, said.splitlines()[-1]) == (0, "Everything is there.")

    def test_any_python_finds_into_the_environment(self, project: Project) -> None:
        done = subprocess.run(
            [Path(sys.base_prefix) / "bin" / "python3", "-m", "scripts.dev", "--check"],
            cwd=project.directory, env={"PATH": os.environ["PATH"]},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (0, "Everything is there.\n"), done.stderr

    def test_joins_the_logs_and_leaves_nothing(
        self, developer: Developer, values: dict[str, str], tmp_path: Path
    ) -> None:
        developer.configure(values)
        frontend = tmp_path / "frontend"
        (frontend / "node_modules").mkdir(parents=True)
        (frontend / "package.json").write_text("{}")
        developer.install("node", "echo v24.0.0")
        developer.install("bun", "env | grep -E '^(NEXT_PUBLIC|POSTGRES)_'; sleep 600")
        port = free_port()
        process = developer.start("--port", str(port), "--frontend", str(frontend))
        with _ended(process):
            eventually(lambda: _answers(f"http://127.0.0.1:{port}/health"), 60)
            family = psutil.Process(process.pid).children(recursive=True)
            assert len(family) >= 4  # host, its worker, bun, sleep
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=30)
        assert (process.returncode, said.splitlines()[-1]) == (0, "Everything is stopped.")
        for line in (
            f"NEXT_PUBLIC_API_URL=http://127.0.0.1:{port}/api/v1",
            f"NEXT_PUBLIC_SUPABASE_URL={values['SUPABASE_URL']}",
            f"NEXT_PUBLIC_SUPABASE_ANON_KEY={values['SUPABASE_ANON_KEY']}",
            f"POSTGRES_URL={values['DATABASE_URL']}",
            "NEXT_PUBLIC_APP_URL=http://localhost:3000",
        ):
            assert f"frontend | {line}\n" in said
        assert "    host | " in said
        assert not psutil.wait_procs(family, timeout=20)[1]

    def test_without_settings_it_is_the_local_stack(self, developer: Developer) -> None:
        for name in ("npm", "imageweb"):
            shared = ROOT / ".local" / name
            shared.mkdir(parents=True, exist_ok=True)
            (developer.project / ".local" / name).symlink_to(shared)
        for directory in (developer.project, *developer.project.parents[:2]):
            directory.chmod(0o755)  # as root the database runs as another user
        port = free_port()
        process = developer.start("--port", str(port))
        with _ended(process):
            lines = iter(process.stdout or ())
            url = next(m[1] for line in lines if (m := re.match(r"API (\S+)", line)))
            assert url == f"http://127.0.0.1:{port}"
            eventually(lambda: _answers(f"{url}/health"), 60)
            family = psutil.Process(process.pid).children(recursive=True)
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
            assert list(lines)[-1] == "Everything is stopped.\n"
        assert not psutil.wait_procs(family, timeout=20)[1]
        assert not (developer.project / ".local/stack.json").exists()

    def test_tells_when_a_part_ends(self, developer: Developer, values: dict[str, str]) -> None:
        developer.configure(values)
        developer.install("func", 'echo "cannot $*"; exit 3')
        said = developer.fails("--port", str(free_port()))
        assert "    host | cannot start --port" in said
        assert "host ended by itself with code 3." in said


class TestShims:
    """PowerShell and cmd are not here: that they add nothing of their own can be read.

    The workflow runs both on Windows.
    """

    @pytest.mark.parametrize("name", ["start-dev.ps1", "start-dev.cmd"])
    def test_hand_all_arguments_to_the_program(self, name: str, project: Project) -> None:
        text = (project.directory / "scripts" / name).read_text()
        assert len(text.splitlines()) <= 12
        assert len(re.findall(r"-m scripts\.dev (?:@args|%\*)", text)) == 1


class _ended:
    """Kills what a failed test would leave."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def __enter__(self) -> None: ...

    def __exit__(self, *_: Any) -> None:
        if self.process.poll() is None:
            for child in psutil.Process(self.process.pid).children(recursive=True):
                child.kill()
            self.process.kill()
        if self.process.stdout:
            self.process.stdout.close()


def _answers(url: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(url).status_code == 200
    return False
