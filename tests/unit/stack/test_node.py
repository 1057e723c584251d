"""Which Node the local stack runs."""

import os
import sys
from pathlib import Path

import pytest

from scripts.devhost.node import OLDEST, node


def put_on_path(monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
    monkeypatch.setenv("PATH", f"{directory}{os.pathsep}{os.environ['PATH']}")


def script(directory: Path, text: str) -> None:
    path = directory / "node"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_is_the_binary_also_when_a_script_is_found_first(monkeypatch: pytest.MonkeyPatch) -> None:
    put_on_path(monkeypatch, Path(sys.executable).parent)
    assert node().read_bytes()[:4] == b"\x7fELF"


@pytest.mark.parametrize("answer", [f"echo {OLDEST - 1}.9.9; echo /old", "echo broken", "exit 1"])
def test_what_is_too_old_or_no_node_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: str
) -> None:
    script(tmp_path, answer)
    put_on_path(monkeypatch, tmp_path)
    assert node().parent != tmp_path
    assert node().read_bytes()[:4] == b"\x7fELF"


def test_what_is_new_enough_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script(tmp_path, f"echo {OLDEST}.0.0; echo {tmp_path}/bin/node")
    put_on_path(monkeypatch, tmp_path)
    assert node() == tmp_path / "bin" / "node"
