"""Two that deploy to one environment at once: the second is told of the first, and waits."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.azure.builds import HISTORY
from tests.crawling import wait_for
from tests.infra.cloud import Cloud, Project
from tests.infra.going_back import GOOD, OLD, history, keep_builds

ROLLBACK = ("./scripts/rollback.sh", "dev")
DEPLOY = ("./scripts/deploy.sh", "dev", "--app-only")
# Lasts until the file is there, or whoever started it is not.
SMOKE = """\
import os, pathlib, time
print("tried", flush=True)
parent = os.getppid()
while os.getppid() == parent and not pathlib.Path(os.environ["LASTS_UNTIL"]).exists():
    time.sleep(0.05)
"""


@pytest.fixture
def cloud(cloud: Cloud) -> Cloud:
    """Two builds served."""
    keep_builds(cloud)
    return cloud


@pytest.fixture
def project(project: Project) -> Project:
    """Its smoke test lasts."""
    (project.directory / "scripts" / "smoke.py").write_text(SMOKE)
    project.commit("a slow smoke test")
    return project


@pytest.fixture
def done(tmp_path: Path) -> Path:
    """What ends the smoke tests."""
    return tmp_path / "done"


@pytest.fixture
def first(cloud: Cloud, project: Project, done: Path) -> Iterator["subprocess.Popen[str]"]:
    """A rollback that has come to its smoke test."""
    process = cloud.start(project, *ROLLBACK, LASTS_UNTIL=str(done))
    assert process.stdout is not None
    assert any("tried" in line for line in process.stdout)
    yield process
    done.touch()


def refused(cloud: Cloud, project: Project, *command: str) -> str:
    before = {path.name: path.read_bytes() for path in cloud.builds.iterdir()}
    code, said = cloud.run(project, *command)
    assert code == 1, said
    assert {path.name: path.read_bytes() for path in cloud.builds.iterdir()} == before
    return said


def test_the_second_is_told_of_the_first(
    cloud: Cloud, project: Project, first: "subprocess.Popen[str]", done: Path
) -> None:
    for command in (DEPLOY, ROLLBACK):
        said = refused(cloud, project, *command)
        assert "Another one is at it: rollback.sh dev by " in said
        assert f"(process {first.pid}) since 20" in said
        assert "within a minute by itself" in said
    assert "functionapp deployment" not in " ".join(cloud.commands[-3:])
    done.touch()
    assert first.wait(120) == 0
    assert history(cloud) == {"commits": [OLD], "untried": None}
    code, said = cloud.run(project, *ROLLBACK, GOOD, LASTS_UNTIL=str(done))
    assert (code, history(cloud)["commits"]) == (0, [OLD, GOOD]), said


def test_a_holder_that_was_killed_holds_for_a_minute(
    cloud: Cloud, project: Project, first: "subprocess.Popen[str]", done: Path
) -> None:
    first.kill()
    first.wait()
    assert "Another one is at it" in refused(cloud, project, *ROLLBACK)
    leases = json.loads((cloud.state / "leases.json").read_text())
    for lease in leases.values():
        lease["until"] -= 60  # as if that had passed
    (cloud.state / "leases.json").write_text(json.dumps(leases))
    done.touch()
    code, said = cloud.run(project, *ROLLBACK, LASTS_UNTIL=str(done))
    assert (code, cloud.running) == (0, GOOD), said  # what was tried by the first was not


def test_a_hold_that_is_taken_away_is_told_to_its_holder(
    cloud: Cloud, project: Project, first: "subprocess.Popen[str]", done: Path
) -> None:
    *_, command = refused(cloud, project, *ROLLBACK).strip().rpartition("take its hold away: ")
    assert cloud.run(project, *command.split())[0] == 0
    second = cloud.start(project, *ROLLBACK, LASTS_UNTIL=str(done))
    assert second.stdout is not None
    assert any("tried" in line for line in second.stdout)
    done.touch()
    said, _ = first.communicate(timeout=120)
    assert first.returncode == 1
    assert "rollback: Somebody else took over" in said
    assert second.wait(120) == 0
    assert history(cloud) == {"commits": [OLD, GOOD], "untried": None}


@pytest.mark.usefixtures("first")
def test_nobody_else_writes_the_history(cloud: Cloud, project: Project, tmp_path: Path) -> None:
    """Counterexample: a program that asks for no lease."""
    (tmp_path / HISTORY).write_text("{}")
    account = str(cloud.described["outputs"]["hostAccountName"])
    said = refused(
        cloud, project, "az", "storage", "blob", "upload", "--account-name", account,
        "--auth-mode", "login", "--container-name", "builds", "--name", HISTORY,
        "--file", str(tmp_path / HISTORY), "--overwrite",
    )  # fmt: skip
    assert "ErrorCode:LeaseIdMissing" in said


def test_the_first_of_all_begins_the_history(cloud: Cloud, project: Project, done: Path) -> None:
    (cloud.builds / HISTORY).unlink()
    done.touch()
    code, said = cloud.run(project, *ROLLBACK, GOOD, LASTS_UNTIL=str(done))
    assert (code, history(cloud)) == (0, {"commits": [GOOD], "untried": None}), said


def test_of_two_that_are_the_first_of_all_one_goes_on(
    cloud: Cloud, project: Project, done: Path
) -> None:
    (cloud.builds / HISTORY).unlink()
    both = [cloud.start(project, *ROLLBACK, GOOD, LASTS_UNTIL=str(done)) for _ in range(2)]
    wait_for(lambda: [process.poll() for process in both], any, seconds=120)
    (refused,) = (process for process in both if process.returncode)
    said, _ = refused.communicate()
    assert "Another one is at it: " in said
    done.touch()
    assert sorted(process.wait(120) for process in both) == [0, 1]
    assert history(cloud) == {"commits": [GOOD], "untried": None}


def test_an_interrupted_one_holds_no_more(
    cloud: Cloud, project: Project, first: "subprocess.Popen[str]", done: Path
) -> None:
    os.killpg(first.pid, signal.SIGINT)
    said, _ = first.communicate(timeout=120)
    assert (first.returncode, "Traceback" in said.partition("rollback:")[2]) == (130, False)
    done.touch()
    code, said = cloud.run(project, *ROLLBACK, LASTS_UNTIL=str(done))
    assert (code, cloud.running) == (0, GOOD), said
