"""A stack whose database other migrations made begins anew, and says so."""

from pathlib import Path

import pytest

from scripts.devhost.stack.earlier import DATA, remove_earlier_data
from scripts.devhost.stack.files import read_json, write_json
from scripts.devhost.stack.layout import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path / "stack")
    made.make()
    return made


def fill(layout: Layout) -> None:
    for part in (*DATA, "auth"):
        layout.data(part).mkdir()
        (layout.data(part) / "file").touch()


def left(layout: Layout) -> set[str]:
    return {part for part in (*DATA, "auth") if layout.data(part).exists()}


def test_a_first_start_is_none(layout: Layout) -> None:
    assert remove_earlier_data(layout) is None
    assert len(read_json(layout.migrations)["applied"]) >= 4
    fill(layout)
    assert remove_earlier_data(layout) is None
    assert left(layout) == {*DATA, "auth"}


def test_a_migration_more_is_none(layout: Layout) -> None:
    remove_earlier_data(layout)
    applied = read_json(layout.migrations)["applied"]
    write_json(layout.migrations, {"applied": applied[:-1]})
    fill(layout)
    assert remove_earlier_data(layout) is None
    assert left(layout) == {*DATA, "auth"}


@pytest.mark.parametrize("applied", [None, ["the hash of another file"]])
def test_what_others_made_goes_with_what_belongs_to_it(
    layout: Layout, applied: list[str] | None
) -> None:
    fill(layout)
    if applied:
        write_json(layout.migrations, {"applied": applied})
    said = remove_earlier_data(layout)
    assert said is not None
    assert "Beginning anew" in said
    assert left(layout) == {"auth"}  # the keys stay as they are
    fill_again = [layout.data(part) for part in DATA]
    for directory in fill_again:
        directory.mkdir()
    assert remove_earlier_data(layout) is None


def test_a_link_goes_and_what_it_leads_to_stays(layout: Layout, tmp_path: Path) -> None:
    """Where root keeps the data of a closed clone: the next start clears it."""
    shelter = tmp_path / "shelter"
    shelter.mkdir()
    layout.data("postgres").symlink_to(shelter)
    assert remove_earlier_data(layout) is not None
    assert not layout.data("postgres").is_symlink()
    assert shelter.exists()
