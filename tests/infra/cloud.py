"""What deployment tests hold in their hands: the project's copy and the fake cloud."""

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pytest

from scripts.azure.build import uv

ROOT = Path(__file__).parents[2]
NEEDED = {
    "PIXCRAWLER_SUPABASE_URL": "https://x.supabase.co",
    "PIXCRAWLER_CRAWLER_CONTACT_EMAIL": "crawler@example.com",
    "PIXCRAWLER_ALERT_EMAIL": "ops@example.com",
    "PIXCRAWLER_DEPLOYER_ID": "11111111-1111-1111-1111-111111111111",
    "PIXCRAWLER_PYTHON": "{}.{}".format(*sys.version_info),
}
# What Azure has beside the app: its worker library, its messages (in a folder "tests"), protobuf.
WORKER = ("azure_functions_runtime*", "azurefunctions*", "tests", "google", "protobuf*", "uvloop*")


class Project:
    """A git repository that holds this project."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @classmethod
    def made_in(cls, directory: Path) -> Self:
        """A repository with the files of this project as its first commit."""
        listed = _git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
        names = [name for name in listed.split("\0") if name and (ROOT / name).is_file()]
        for name in names:
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / name).write_bytes((ROOT / name).read_bytes())
            (directory / name).chmod((ROOT / name).stat().st_mode)
        _git(directory, "init", "--quiet")
        _git(directory, "config", "user.name", "Test")
        _git(directory, "config", "user.email", "test@example.com")
        _link(directory)
        made = cls(directory)
        made.commit("all of it")
        return made

    @property
    def commit_id(self) -> str:
        """The newest commit."""
        return _git(self.directory, "rev-parse", "HEAD").strip()

    def commit(self, message: str) -> str:
        """The id of a commit of everything that changed."""
        _git(self.directory, "add", "--all")
        _git(self.directory, "commit", "--quiet", "--message", message)
        return self.commit_id

    def cloned_to(self, directory: Path) -> Path:
        """A fresh clone."""
        _git(self.directory, "clone", "--quiet", ".", str(directory))
        _link(directory)
        return directory

    def change(self, file: str, edit: Callable[[str], str]) -> str:
        """The commit in which the file was edited."""
        path = self.directory / file
        path.write_text(edit(path.read_text()))
        return self.commit(f"change {file}")


class Cloud:
    """The fake Azure: what it was told, what it was asked."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self._started: list[subprocess.Popen[str]] = []

    @property
    def url(self) -> str:
        """Where the deployed app is."""
        return str(self.described["outputs"]["appUrl"])

    @property
    def described(self) -> dict[str, Any]:
        """What exists."""
        return dict(json.loads((self.state / "azure.json").read_text()))

    @contextmanager
    def changed(self) -> Iterator[dict[str, Any]]:
        """Changes what exists."""
        described = self.described
        yield described
        (self.state / "azure.json").write_text(json.dumps(described))

    @property
    def calls(self) -> list[dict[str, Any]]:
        """The calls of az, in order."""
        path = self.state / "calls.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]

    @property
    def commands(self) -> list[str]:
        """Their commands without options."""
        return [call["command"] for call in self.calls]

    @property
    def running(self) -> str:
        """The commit that was unpacked last."""
        return str(json.loads((self.state / "site/build.json").read_text())["commit"])

    @property
    def log(self) -> str:
        """What the host said."""
        path = self.state / "site.log"
        return path.read_text() if path.exists() else ""

    def last_time(self, command: str) -> float:
        """When az was last called so."""
        return float([c["time"] for c in self.calls if c["command"].endswith(command)][-1])

    @property
    def builds(self) -> Path:
        """The container of builds."""
        return self.state / "blobs" / str(self.described["outputs"]["hostAccountName"]) / "builds"

    @property
    def environment(self) -> dict[str, str]:
        """That of a shell in which az is the fake one."""
        return {
            **{name: value for name, value in os.environ.items() if "PIXCRAWLER_" not in name},
            "PATH": f"{self.state / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "FAKE_AZ_STATE": str(self.state),
        }

    def start(
        self, project: Project, *command: str, stdin: int = subprocess.DEVNULL, **variables: str
    ) -> subprocess.Popen[str]:
        """Starts a script of the project with the fake az on its PATH."""
        environment = self.environment | NEEDED | variables
        process = subprocess.Popen(
            command, cwd=project.directory, env=environment, stdin=stdin,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        self._started.append(process)
        return process

    def end(self) -> None:
        """Ends the scripts that a failed test left running."""
        for process in self._started:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()

    def run(self, project: Project, *command: str, **variables: str) -> tuple[int, str]:
        """The exit code of a script and everything it said."""
        process = self.start(project, *command, stdin=subprocess.DEVNULL, **variables)
        said, _ = process.communicate(timeout=240)
        return process.returncode, said


def install_az(directory: Path) -> None:
    """Puts the fake az into a directory, for the PATH."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "az").write_text(
        f'#!/bin/sh\nPYTHONSAFEPATH=1 PYTHONPATH="{ROOT}:$PYTHONPATH" '
        f'exec "{sys.executable}" -m tests.fakes.az "$@"\n'
    )
    (directory / "az").chmod(0o755)


def answering(directory: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Has ``az`` be this script."""
    (directory / "az").write_text(f"#!/bin/sh\n{script}\n")
    (directory / "az").chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")


def empty_python(directory: Path) -> Path:
    """A virtual environment of this Python without packages.

    Azure's worker library and what it needs stand beside, as on Azure.
    """
    environment = directory / "venv"
    subprocess.run([*uv(), "venv", "--quiet", "--python", sys.executable, environment], check=True)
    beside = environment / "beside"
    beside.mkdir()
    site = Path(sysconfig.get_path("purelib"))
    for name in WORKER:
        for found in site.glob(name):
            (beside / found.name).symlink_to(found)
    return environment / "bin" / "python"


def _link(directory: Path) -> None:
    """Lends a copy what takes long to make: the environment, and the packages of the build."""
    (directory / ".git/info/exclude").write_text(".venv\n")
    (directory / ".venv").symlink_to(ROOT / ".venv")
    (directory / ".local").mkdir()
    (ROOT / ".local/build").mkdir(parents=True, exist_ok=True)
    (directory / ".local/build").symlink_to(ROOT / ".local/build")


def _git(directory: Path, *arguments: str) -> str:
    command = ["git", "-C", str(directory), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
