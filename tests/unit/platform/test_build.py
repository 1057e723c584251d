"""The version says which commit was built."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.platform import VERSION, build

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    build.build_version.cache_clear()
    yield
    build.build_version.cache_clear()


def test_of_a_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = tmp_path / "build.json"
    manifest.write_text(f'{{"commit": "{COMMIT}", "python": "3.13"}}')
    monkeypatch.setattr(build, "MANIFEST", manifest)
    assert build.build_version() == f"{VERSION}+0123456789ab"


def test_where_nothing_was_built() -> None:
    assert not build.MANIFEST.exists()
    assert build.build_version() == VERSION
