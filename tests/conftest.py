"""The servers that tests share: one local stack per session, one fresh database per test."""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from scripts.devhost.stack import LocalStack
from scripts.devhost.stack.postgres import create_database, drop_database, prepare
from tests.scale import FULL

SERVICES = ("postgres", "azurite", "imageweb", "auth")
TEMPLATE = "migrated"
MEMORY_NEEDED = 6 * 2**30  # by all processes that test side by side, with room to spare

# How long an example takes is the machine's business, and which ones are tried nobody's: a run
# must not fail by chance. At full scale other examples are tried each time.
settings.register_profile(
    "suite", deadline=None, derandomize=not FULL, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")

# Stacks of processes that test side by side do not draw the same ports.
_first = 20_000 + 1_500 * (int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 8)
os.environ["PIXCRAWLER_PORTS"] = f"{_first}-{_first + 1_500}"


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds waited before each further try of a call, which no test waits for."""
    waited: list[float] = []

    async def note(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr("shared.platform.net.retry.pause", note)
    return waited


@pytest.fixture(scope="session")
def stack_services() -> Iterator[LocalStack]:
    """PostgreSQL, Azurite, the image web and Supabase Auth, without the host."""
    # Not pytest's own directory: as root the database runs as a user who cannot enter it.
    with tempfile.TemporaryDirectory(prefix="pixcrawler-tests-", dir=_in_memory()) as directory:
        Path(directory).chmod(0o755)
        with LocalStack(Path(directory), SERVICES) as stack:
            _need_not_outlive_the_machine(stack)
            yield stack


def _in_memory() -> Path | None:
    """Where files lie in memory, if there is room: a database has some hundred, and each test one.

    To make one on ext4, which avoids the inodes of files deleted in the last seconds, took 0.1 to
    0.3 s of CPU; in memory it takes 0.02.
    """
    memory = Path("/dev/shm")
    roomy = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free >= MEMORY_NEEDED
    return memory if roomy else None


def _need_not_outlive_the_machine(stack: LocalStack) -> None:
    """The database writes to disk when it likes, and its log stays small: it may lie in memory.

    What a killed process has committed stays all the same.
    """
    with psycopg.connect(stack.info.database_url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("ALTER SYSTEM SET max_wal_size = '128MB'")
        connection.execute("SELECT pg_reload_conf()")


@pytest.fixture(scope="session")
def database_template(stack_services: LocalStack) -> str:
    """A migrated database that nobody is connected to."""
    server = stack_services.info.database_url
    prepare(create_database(server, TEMPLATE))
    return TEMPLATE


@pytest.fixture
def database_url(stack_services: LocalStack, database_template: str) -> Iterator[str]:
    """A migrated database of the test's own."""
    server = stack_services.info.database_url
    name = f"test_{uuid.uuid4().hex}"
    yield create_database(server, name, database_template)
    drop_database(server, name)
