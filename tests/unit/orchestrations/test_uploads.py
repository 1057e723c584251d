"""The flow of an upload: read, then ended, whatever became of the reading."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import pytest

from orchestrations.uploads import flow, names
from scripts.devhost.host.durable.records import ActivityItem
from scripts.devhost.simulation import Simulation, orchestrators_of

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions df_loads")
ORDER = {"upload_id": 7, "attempt": 2}


def run(directory: Path, check: dict[str, Any]) -> list[tuple[str, Any]]:
    """The steps that were called, with their payloads, where the reading answers like this."""
    app = df.DFApp()
    app.register_functions(flow.bp)
    called: list[tuple[str, Any]] = []

    def answer(item: ActivityItem) -> dict[str, Any]:
        called.append((item.name, json.loads(item.input or "null")))
        return check if item.name == names.CHECK else {"result": "completed"}

    with closing(
        Simulation(directory, orchestrators_of(app), answer, lambda pending: pending)
    ) as simulation:
        simulation.start(names.UPLOAD, ORDER)
        assert json.loads(simulation.run().output or "null") == "completed"
    return called


def test_a_file_that_was_read_ends_the_upload(tmp_path: Path) -> None:
    assert run(tmp_path, {"result": None}) == [(names.CHECK, ORDER), (names.FINISH, ORDER)]


def test_a_file_that_cannot_be_used_ends_it_with_the_reason(tmp_path: Path) -> None:
    ended = {**ORDER, "failure": "It is empty."}
    assert run(tmp_path, {"result": "It is empty."}) == [
        (names.CHECK, ORDER),
        (names.FINISH, ended),
    ]


def test_a_reading_that_fails_on_our_side_ends_it_at_once(tmp_path: Path) -> None:
    (_, (_, order)) = run(tmp_path, {"failed": "ValueError"})
    assert order == {**ORDER, "failure": "The step upload_check failed on our side."}


def test_a_reading_that_meets_an_unreachable_part_is_tried_again(tmp_path: Path) -> None:
    called = run(tmp_path, {"unreachable": "Storage does not answer."})
    assert [order.get("retry") for name, order in called if name == names.CHECK] == [None, 1, 2, 3]
    assert called[-1][0] == names.FINISH
    assert "4 times" in called[-1][1]["failure"]
