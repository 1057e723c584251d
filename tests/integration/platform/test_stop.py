"""An app that is told to stop closes its connections and says so."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from scripts.devhost.stack import LocalStack
from scripts.devhost.stack.app_settings import app_settings
from tests.integration.platform.hosted import HostedApp


def connections(database_url: str) -> int:
    """Those of the app, as PostgreSQL counts them."""
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name = 'pixcrawler'"
        ).fetchone()
    return int(row[0]) if row else 0


@pytest.fixture
def app(tmp_path: Path, stack_services: LocalStack, database_url: str) -> Iterator[HostedApp]:
    values = app_settings(stack_services.info, "pepper") | {"DATABASE_URL": database_url}
    with HostedApp(tmp_path) as hosted:
        hosted.start(values, "--port", str(hosted.port)).wait_until_ready()
        assert httpx.get(f"{hosted.url}/health", timeout=30).status_code == 200
        yield hosted


def test_sigterm_closes_the_pool(app: HostedApp, database_url: str) -> None:
    assert connections(database_url) >= 1
    assert app.stop() == 0
    deadline = time.monotonic() + 2
    while connections(database_url):
        assert time.monotonic() < deadline
    said = app.said
    for line in ("starting", "configuration is valid", "stopping", "stopped"):
        assert f"] {line}" in said, said
    assert "could be closed" not in said


def test_a_worker_alone_may_be_told_too(app: HostedApp, database_url: str) -> None:
    assert app._process
    (worker,) = psutil.Process(app._process.pid).children()
    os.kill(worker.pid, signal.SIGTERM)
    worker.wait(10)
    app.wait_until_ready()  # the host has started another one
    assert "] stopped" in app.said


def test_a_worker_that_is_killed_leaves_none_either(app: HostedApp, database_url: str) -> None:
    assert app._process
    app._process.kill()
    app.wait()
    deadline = time.monotonic() + 5
    while connections(database_url):
        assert time.monotonic() < deadline
