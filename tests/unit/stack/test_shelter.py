"""What another user cannot reach is found where a path leads, not where it is spelt."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.devhost.errors import StackError
from scripts.devhost.stack import shelter
from scripts.devhost.stack.shelter import data_home, reachable_binaries


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory that anyone can enter, with a shelter of its own, as root sees it."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        monkeypatch.setattr(shelter, "SHELTER", Path(directory) / "shelter")
        monkeypatch.setattr(shelter, "is_root", lambda: True)
        yield Path(directory).resolve()


@pytest.fixture
def closed(place: Path) -> Path:
    directory = place / "closed"
    directory.mkdir(mode=0o700)
    return directory


def install(parent: Path) -> Path:
    """A server's programs and libraries, as under umask 022."""
    root = parent / "pginstall"
    for name, mode in (("bin/postgres", 0o755), ("lib/libpq.so", 0o644)):
        file = root / name
        file.parent.mkdir(parents=True)
        file.write_text(name)
        file.chmod(mode)
        file.parent.chmod(0o755)
    root.chmod(0o755)
    return root


def modes(directory: Path) -> dict[str, str]:
    """What is there, of which type (a link is one of its own) and what others may do with it."""
    return {
        str(path.relative_to(directory)): oct(path.lstat().st_mode & ~0o070)
        for path in (directory, *directory.rglob("*"))
    }


class TestBinaries:
    def test_open_ones_are_used_where_they_are(self, place: Path) -> None:
        installed = install(place)
        (place / "link").symlink_to(installed)
        assert reachable_binaries(installed) == installed
        assert reachable_binaries(place / "link") == installed

    def test_those_in_a_closed_directory_are_copied_once(self, closed: Path) -> None:
        installed = install(closed)
        copy = reachable_binaries(installed)
        assert copy.is_relative_to(shelter.SHELTER)
        assert modes(copy) == modes(installed)
        assert reachable_binaries(installed) == copy
        assert list(copy.parent.iterdir()) == [copy]

    def test_a_link_in_the_open_is_judged_by_where_it_leads(
        self, place: Path, closed: Path
    ) -> None:
        (place / "venv").symlink_to(closed)
        installed = install(closed)
        assert reachable_binaries(place / "venv/pginstall") == reachable_binaries(installed)

    @pytest.mark.parametrize("name", ["bin/postgres", "lib/libpq.so"])
    def test_each_file_is_judged_by_where_it_leads(
        self, place: Path, closed: Path, name: str
    ) -> None:
        installed = install(place)
        whole = modes(installed)
        (installed / name).rename(closed / "cached")
        (installed / name).symlink_to(closed / "cached")
        assert modes(reachable_binaries(installed)) == whole

    @pytest.mark.parametrize("name", ["", "bin", "bin/postgres", "lib/libpq.so"])
    def test_what_only_its_owner_may_read_is_opened_in_a_copy(self, place: Path, name: str) -> None:
        installed = install(place)
        whole = modes(installed)
        path = installed / name
        path.chmod(path.stat().st_mode & 0o700)
        assert modes(reachable_binaries(installed)) == whole


class TestData:
    def test_in_an_open_directory_they_stay(self, place: Path) -> None:
        assert data_home(place / "postgres") == place / "postgres"
        (place / "link").symlink_to(place / "postgres")
        assert data_home(place / "link") == place / "postgres"

    def test_in_a_closed_directory_is_a_link(self, closed: Path) -> None:
        home = data_home(closed / "postgres")
        assert home.is_relative_to(shelter.SHELTER)
        assert (closed / "postgres").readlink() == home
        assert data_home(closed / "postgres") == home

    def test_removing_the_link_starts_afresh(self, closed: Path) -> None:
        home = data_home(closed / "postgres")
        home.mkdir()
        (closed / "postgres").unlink()
        assert data_home(closed / "postgres") == home
        assert not home.exists()

    def test_a_lost_shelter_is_made_again(self, place: Path, closed: Path) -> None:
        home = data_home(closed / "postgres")
        home.parent.rmdir()
        assert data_home(closed / "postgres") == home
        assert home.parent.is_dir()

    def test_a_link_in_the_open_is_judged_by_where_it_leads(
        self, place: Path, closed: Path
    ) -> None:
        (place / "local").symlink_to(closed)
        assert data_home(place / "local/postgres") == data_home(closed / "postgres")

    def test_data_out_of_reach_are_not_replaced(self, closed: Path) -> None:
        (closed / "postgres").mkdir()
        with pytest.raises(StackError, match=f"remove {closed}/postgres"):
            data_home(closed / "postgres")
        assert (closed / "postgres").is_dir()
