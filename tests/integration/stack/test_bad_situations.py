"""One clear sentence and an exit code for what a stranger's machine may lack."""

import errno
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.devhost.errors import sentence
from scripts.devhost.node import install
from scripts.devhost.paths import ROOT
from scripts.devhost.stack import StackError
from scripts.devhost.stack.__main__ import main
from scripts.devhost.stack.storage import PACKAGE

TOOLS = ("bash", "cat", "cksum", "dirname", "grep", "mkdir", "rm")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with nothing installed."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "bootstrap.sh", tmp_path / "scripts")
    shutil.copy(ROOT / "requirements-dev.txt", tmp_path)
    return tmp_path


def bootstrap(clone: Path, **pythons: str) -> subprocess.CompletedProcess[str]:
    """Run the script where the PATH has these commands, shell scripts, and no other Python."""
    path = clone / "bin"
    path.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found
        (path / tool).symlink_to(found)
    for name, script in pythons.items():
        (path / name).write_text(f"#!{path / 'bash'}\n{script}\n")
        (path / name).chmod(0o755)
    return subprocess.run(
        [str(path / "bash"), str(clone / "scripts" / "bootstrap.sh")],
        env={"PATH": str(path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def interpreter(version: str, missing: str = "") -> str:
    """The script of a Python that says to be of that version, and lacks a module."""
    pretend = f"import sys; sys.version_info = {tuple(map(int, version.split('.')))}"
    lack = f"; sys.modules['{missing}'] = None" if missing else ""
    return (
        f'[[ "$1" == -c ]] && exec "{sys.executable}" -c "{pretend}{lack}; $2"\n'
        f'[[ "$1" == -m ]] && exit 1; echo "Python {version}"'
    )


def making_venv_says(words: str) -> str:
    return f'[[ "$1" == -m ]] && {{ echo "{words}" >&2; exit 1; }}; exit 0'


@pytest.mark.parametrize("python", [None, "exit 1"])
def test_wrong_python(clone: Path, python: str | None) -> None:
    ended = bootstrap(clone, **({"python3": python} if python else {}))
    assert ended.returncode == 1
    assert ended.stderr == (
        "PixCrawler needs Python 3.11, 3.12 or 3.13, and none was found on the PATH.\n"
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk is full: "),
        ("error: Failed to fetch: dns error", "The package registry cannot be reached: "),
        ("Traceback: something else", "The installation failed: "),
    ],
)
def test_installation_that_cannot_be(clone: Path, words: str, sentence: str) -> None:
    ended = bootstrap(clone, python3=making_venv_says(words))
    assert ended.returncode == 1
    assert ended.stderr.startswith(sentence)
    assert ended.stderr.count("\n") == 1


BROKEN_SHIM = "echo 'pyenv: command not found' >&2; exit 127"


@pytest.mark.parametrize(
    ("pythons", "taken"),
    [
        ({"python3": "3.11", "python3.12": "3.12", "python3.13": "3.13"}, "3.13"),
        ({"python3": "3.11", "python": "3.13"}, "3.13"),
        ({"python3": "3.13"}, "3.13"),
        ({"python3.12": "3.12"}, "3.12"),
        ({"python3": "3.11"}, "3.11"),
        ({"python3": "3.14", "python3.11": "3.11"}, "3.11"),
        ({"python3": "3.10", "python": "3.12"}, "3.12"),
        ({"python3.13": BROKEN_SHIM, "python3": "3.12"}, "3.12"),
        ({"python3.13": interpreter("3.13", missing="ensurepip"), "python3": "3.11"}, "3.11"),
    ],
)
def test_the_python_of_azure_is_preferred(clone: Path, pythons: dict[str, str], taken: str) -> None:
    scripts = {n: interpreter(p) if p.startswith("3.") else p for n, p in pythons.items()}
    said = bootstrap(clone, **scripts).stdout.splitlines()
    assert said == [f"Making the virtual environment .venv with Python {taken}"]


def test_a_sound_environment_stays(clone: Path) -> None:
    python = clone / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/bash\n{interpreter('3.11')}\n")
    python.chmod(0o755)
    with (clone / "requirements-dev.txt").open() as wanted:
        done = subprocess.run(["cksum"], stdin=wanted, capture_output=True, text=True, check=True)
    (clone / ".venv" / ".requirements").write_text(done.stdout)
    ended = bootstrap(clone, **{"python3.13": interpreter("3.13")})
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    python.write_text("#!/bin/bash\nexit 127\n")  # as after its interpreter went
    shutil.rmtree(clone / "bin")
    ended = bootstrap(clone, **{"python3.13": interpreter("3.13")})
    assert ended.stdout == "Making the virtual environment .venv with Python 3.13\n"


def test_no_npm_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setenv("npm_config_registry", f"http://127.0.0.1:{port}/")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    with pytest.raises(StackError, match=r"^The npm registry cannot be reached"):
        install(PACKAGE, tmp_path / "azurite", lambda _: None)


def test_failed_npm_installation_is_tried_again(tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    lock = package / "package-lock.json"
    lock.write_text(
        '{"name": "empty", "version": "1.0.0", "lockfileVersion": 3,'
        ' "packages": {"": {"name": "empty", "version": "1.0.0"}}}'
    )
    description = '{"name": "empty", "version": "1.0.0", "dependencies": {"forgotten": "1.0.0"}}'
    (package / "package.json").write_text(description)
    with pytest.raises(StackError, match=r"^npm could not install"):
        install(package, tmp_path / "target", lambda _: None)
    (package / "package.json").write_text('{"name": "empty", "version": "1.0.0"}')
    said: list[str] = []
    for _ in range(2):
        install(package, tmp_path / "target", said.append)
    assert len(said) == 1  # the second time there is nothing to do


def test_directory_that_cannot_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    code = main(["up", "--directory", str(tmp_path / "file" / "stack"), "--parts", "imageweb"])
    said = capsys.readouterr().err
    assert code == 1
    assert said.startswith("The local stack cannot start: ")
    assert said.count("\n") == 1


def test_full_disk() -> None:
    error = OSError(errno.ENOSPC, "No space left on device", "/data/file")
    assert sentence(error) == "The disk is full: could not write /data/file."
