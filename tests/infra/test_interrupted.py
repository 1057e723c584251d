"""Ctrl-C, Ctrl-D, kill: the last line says how things stand, and nothing is left lying around."""

import json
import os
import pty
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from tests.crawling import wait_for
from tests.infra.cloud import Cloud, Project
from tests.infra.going_back import GOOD, OLD, history, keep_builds

DEPLOY = ("./scripts/deploy.sh", "dev", "--yes")
APP = ("./scripts/deploy.sh", "dev", "--app-only")
ROLLBACK = ("./scripts/rollback.sh", "dev")
AS_BEFORE = "What served before still does."
UNTRIED = "may run, untried. Deploy again, or go back with rollback.sh."
PROVISIONING = (
    "Provisioning goes on in Azure. Run deploy.sh again when it has ended; to end it: "
    "az deployment group cancel --resource-group pixcrawler-dev --name pixcrawler"
)


@pytest.fixture
def cloud(cloud: Cloud) -> Cloud:
    """Two builds served."""
    keep_builds(cloud)
    return cloud


@pytest.fixture
def project(project: Project) -> Project:
    """The smoke test passes at once, or lasts and is interrupted."""
    (project.directory / "scripts" / "smoke.py").write_text(
        "import os, time\n"
        "print('tried', flush=True)\n"
        "time.sleep(3600 if 'LASTS' in os.environ else 0)\n"
    )
    project.commit("the smoke test")
    return project


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """Where the programs put what they make on the way."""
    directory = tmp_path / "temporary"
    directory.mkdir()
    return directory


def interrupted(
    process: "subprocess.Popen[str]", number: int = signal.SIGINT, seconds: float = 120
) -> str:
    """What it said after the signal, which a terminal sends to all of its processes."""
    os.killpg(process.pid, number)
    said, _ = process.communicate(timeout=seconds)
    assert process.returncode == 130, said
    return said


def is_clean(cloud: Cloud, temporary: Path) -> bool:
    """Whether no file and no lease is left."""
    leases = cloud.state / "leases.json"
    held = json.loads(leases.read_text()) if leases.exists() else {}
    return not held and list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "hangs", "state"),
    [
        (DEPLOY, "account show", "Nothing was changed."),
        (DEPLOY, "deployment group what-if", "Nothing was changed."),
        (DEPLOY, "deployment group create", PROVISIONING),
        (APP, "keyvault secret list", AS_BEFORE),
        (APP, "keyvault secret show", AS_BEFORE),  # migrating
        (ROLLBACK, "storage blob list", AS_BEFORE),
        (ROLLBACK, "functionapp deployment source config-zip", UNTRIED),
    ],
)
def test_at_every_stage(
    cloud: Cloud,
    project: Project,
    temporary: Path,
    command: tuple[str, ...],
    hangs: str,
    state: str,
) -> None:
    with cloud.changed() as azure:
        azure["hangs"] = hangs
    if hangs == "storage blob list":
        command = (*command, OLD)
    process = cloud.start(project, *command, TMPDIR=str(temporary))
    wait_for(lambda: cloud.commands, lambda commands: hangs in commands, seconds=120)
    said = interrupted(process)
    name = Path(command[0]).stem
    last = said.splitlines()[-1]
    assert last.startswith(f"{name}: interrupted. ")
    assert state in last
    assert "Traceback" not in said
    assert is_clean(cloud, temporary)


def test_while_building(cloud: Cloud, project: Project, temporary: Path, tmp_path: Path) -> None:
    reached = tmp_path / "reached"
    git = cloud.state / "bin" / "git"
    git.write_text(
        f'#!/bin/sh\nif [ "$1" = archive ]; then touch {reached}; sleep 3600; fi\n'
        'PATH="${PATH#*:}" exec git "$@"\n'
    )
    git.chmod(0o755)
    process = cloud.start(project, *APP, TMPDIR=str(temporary))
    wait_for(reached.exists, bool, seconds=120)
    said = interrupted(process)
    assert said.splitlines()[-1].startswith(f"deploy: interrupted. {AS_BEFORE}")
    assert is_clean(cloud, temporary)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_while_the_new_build_is_tried(
    cloud: Cloud, project: Project, temporary: Path, number: int
) -> None:
    """And then one goes back: the build may be what runs."""
    process = cloud.start(project, *ROLLBACK, LASTS="1", TMPDIR=str(temporary))
    assert process.stdout is not None
    assert any("tried" in line for line in process.stdout)
    said = interrupted(process, number)
    assert said.splitlines()[-1] == f"rollback: interrupted. {OLD[:12]} {UNTRIED}"
    assert is_clean(cloud, temporary)
    assert history(cloud) == {"commits": [OLD, GOOD], "untried": OLD}
    code, said = cloud.run(project, *ROLLBACK)
    assert (code, cloud.running) == (0, GOOD), said


def ended(process: "subprocess.Popen[str]", *, by_interrupting: bool) -> str:
    """What it said.

    A signal may come between the question and the reading of the answer: Python then waits on.
    """
    for _ in range(6):
        if by_interrupting:
            os.killpg(process.pid, signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=20)[0]
    raise AssertionError("it does not end")


@pytest.mark.parametrize("key", ["Ctrl-C", "Ctrl-D", "no"])
def test_at_the_question(cloud: Cloud, project: Project, key: str) -> None:
    keyboard, terminal = pty.openpty()
    process = cloud.start(project, *DEPLOY[:2], stdin=terminal)
    assert process.stdout is not None
    seen = ""
    while not seen.endswith("Go on?"):
        letter = process.stdout.read(1)
        assert letter, seen
        seen += letter
    if key != "Ctrl-C":
        os.write(keyboard, b"\x04" if key == "Ctrl-D" else b"n\n")
    said = ended(process, by_interrupting=key == "Ctrl-C")
    os.close(keyboard)
    os.close(terminal)
    if key == "Ctrl-C":
        wanted = (130, "deploy: interrupted. Nothing was changed.")
    else:
        wanted = (1, "deploy: Not confirmed; nothing was changed. (--yes confirms.)")
    assert (process.returncode, said.splitlines()[-1]) == wanted
    assert "deployment group create" not in cloud.commands
