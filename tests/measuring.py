"""A pytest plugin that measures which code the tests run, where that is worth its time.

``./scripts/test.sh`` loads it (``-p tests.measuring``); ``scripts/floors.py`` judges the result.
Tracing costs, and slows down what is timed, so it is on while modules are imported and in tests
that have a database, which call the rules and the SQL. Of the processes that tests start only the
workers of the end-to-end stack are measured: endpoints and activities run there.
"""

import shlex
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest
from coverage import Coverage

from scripts.devhost.host.worker_process import WORKER_PYTHON

CONFIGURATION: Final = Path(__file__).parents[1] / "pyproject.toml"


class Measuring:
    """Coverage of one process, on and off."""

    def __init__(self) -> None:
        self._coverage = Coverage(config_file=str(CONFIGURATION))
        self._is_on = False

    def turn(self, *, on: bool) -> None:
        """Measures from now on, or no longer."""
        if on != self._is_on:
            (self._coverage.start if on else self._coverage.stop)()
            self._is_on = on

    def pytest_collection_finish(self) -> None:
        """Everything is imported."""
        self.turn(on=False)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """On for the tests that count."""
        self.turn(on="database_url" in getattr(item, "fixturenames", ()))
        return (yield)

    def pytest_sessionfinish(self) -> None:
        """Keeps what was seen."""
        self.turn(on=False)
        self._coverage.save()


def pytest_configure(config: pytest.Config) -> None:
    """Begins before any module of tests imports the app, in the processes that run tests."""
    if not config.getoption("numprocesses", None):
        measuring = Measuring()
        measuring.turn(on=True)
        config.pluginmanager.register(measuring, "measuring")


def measured_workers(config: pytest.Config, directory: Path) -> Mapping[str, str]:
    """What tells a host to have its workers measured, when the run is; needs a file there."""
    if not config.pluginmanager.has_plugin("measuring"):
        return {}
    python = directory / "measured-python"
    setting = shlex.quote(f"COVERAGE_PROCESS_START={CONFIGURATION}")
    python.write_text(f'#!/bin/sh\nexec env {setting} {shlex.quote(sys.executable)} "$@"\n')
    python.chmod(0o755)
    return {WORKER_PYTHON: str(python)}
