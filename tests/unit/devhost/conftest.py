# mypy: disable-error-code="untyped-decorator"
"""Orchestrations on the host's replay, with the unmodified SDK as the counterpart."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.devhost.simulation import Simulate, Simulation, app_of


@pytest.fixture
def simulate(tmp_path: Path) -> Iterator[Simulate]:
    """Makes a simulation of orchestrators and activities."""
    made: list[Simulation] = []

    def make(*orchestrators: Any, **activities: Any) -> Simulation:
        made.append(Simulation(tmp_path, app_of(*orchestrators), activities))
        return made[-1]

    yield make
    for simulation in made:
        simulation.store.close()
