"""A worker library that is missing or another is told in one sentence, with what mends it."""

import importlib.metadata

import pytest

from scripts.devhost.host import worker_library
from scripts.devhost.host.errors import HostError

MEND = "rm -f .venv/.requirements && bash scripts/bootstrap.sh"


def test_the_pinned_library_is_taken() -> None:
    assert set(worker_library.pinned(worker_library.PACKAGES)) == set(worker_library.PACKAGES)
    worker_library.check()


def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "0.1")
    with pytest.raises(HostError) as refused:
        worker_library.check()
    assert str(refused.value).startswith("azure-functions-runtime is 0.1, not ")
    assert str(refused.value).endswith(MEND)


def test_a_missing_package_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    with pytest.raises(HostError) as refused:
        worker_library.check()
    assert " is missing; " in str(refused.value)
    assert str(refused.value).endswith(MEND)
