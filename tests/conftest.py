"""The servers that tests share: one local stack per session, one fresh database per test."""

import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.devhost.stack import LocalStack
from scripts.devhost.stack.postgres import create_database, drop_database, prepare

SERVICES = ("postgres", "azurite", "imageweb", "auth")
TEMPLATE = "migrated"


@pytest.fixture(scope="session")
def stack_services() -> Iterator[LocalStack]:
    """PostgreSQL, Azurite, the image web and Supabase Auth, without the host."""
    # Not pytest's own directory: as root the database runs as a user who cannot enter it.
    with tempfile.TemporaryDirectory(prefix="pixcrawler-tests-") as directory:
        Path(directory).chmod(0o755)
        with LocalStack(Path(directory), SERVICES) as stack:
            yield stack


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
