"""Interpreters are found where they run, not where a name promises one."""

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.pythons import supported_pythons

OWN = "{}.{}".format(*sys.version_info)
OTHERS = [version for version in ("3.13", "3.12", "3.11") if version != OWN]


def command(directory: Path, name: str, script: str) -> str:
    """The path of a shell script."""
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing but ``bin`` on the PATH and an empty pyenv."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    return tmp_path


def test_each_is_of_its_version() -> None:
    found = supported_pythons()
    assert OWN in found
    for version, path in found.items():
        said = subprocess.run([path, "--version"], capture_output=True, text=True, check=True)
        assert said.stdout.startswith(f"Python {version}.")


def test_without_others_there_is_our_own(machine: Path) -> None:
    assert supported_pythons() == {OWN: str(Path(sys.executable).resolve())}


def test_path_comes_before_pyenv_and_a_broken_shim_is_passed_over(machine: Path) -> None:
    first, second = OTHERS
    command(machine, f"bin/python{first}", "exit 127")
    behind = command(machine, f"pyenv/versions/{first}.1/bin/python{first}", f"echo {first}")
    on_path = command(machine, "bin/python3", f"echo {second}")
    command(machine, f"pyenv/versions/{second}.1/bin/python{second}", f"echo {second}")
    found = supported_pythons()
    assert (found[first], found[second]) == (behind, on_path)


@pytest.mark.parametrize("script", ["echo 3.10", "echo 3.14", "echo 2.7", "exit 1", "echo"])
def test_what_is_not_supported_is_left_out(machine: Path, script: str) -> None:
    command(machine, "bin/python3", script)
    assert list(supported_pythons()) == [OWN]
