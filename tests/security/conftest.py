"""One database for all tests that leave nothing behind, and a clock that they set."""

import uuid
from collections.abc import Iterator

import psycopg
import pytest

from scripts.devhost.stack import LocalStack
from scripts.devhost.stack.postgres import create_database, drop_database


@pytest.fixture(scope="session")
def untouched_database(stack_services: LocalStack, database_template: str) -> Iterator[str]:
    """A migrated database in which nothing is ever committed."""
    server = stack_services.info.database_url
    name = f"security_{uuid.uuid4().hex}"
    yield create_database(server, name, database_template)
    drop_database(server, name)


@pytest.fixture
def connection(untouched_database: str) -> Iterator[psycopg.Connection]:
    """A transaction that is rolled back after the test."""
    opened = psycopg.connect(untouched_database)
    yield opened
    opened.close()


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The time of what counts in seconds."""
    return Clock()
