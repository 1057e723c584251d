# mypy: disable-error-code="untyped-decorator"
"""Orchestrations on the host's replay, with the unmodified SDK as the counterpart."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.devhost.simulation import ComparedSimulation, Simulate, wrapped


@pytest.fixture
def simulate(tmp_path: Path) -> Iterator[Simulate]:
    """Makes a simulation of orchestrators and activities."""
    made: list[ComparedSimulation] = []

    def make(*orchestrators: Any, **activities: Any) -> ComparedSimulation:
        made.append(ComparedSimulation(tmp_path, wrapped(*orchestrators), activities))
        return made[-1]

    yield make
    for simulation in made:
        simulation.close()
