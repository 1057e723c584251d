"""Going back when the last deployment did not end as it should: interrupted, refused, failed."""

import json
import os
import signal
import zipfile
from typing import Any

import pytest

from scripts.azure.build import PACKAGES
from tests.infra.cloud import Cloud, Project

OLD, GOOD, BAD = "a" * 40, "b" * 40, "c" * 40
ROLLBACK = ("./scripts/rollback.sh", "dev")


@pytest.fixture
def cloud(cloud: Cloud) -> Cloud:
    """Two builds served, a third is kept."""
    cloud.builds.mkdir(parents=True)
    for commit in (OLD, GOOD, BAD):
        with zipfile.ZipFile(cloud.builds / f"{commit}.zip", "w") as package:
            package.writestr("build.json", json.dumps({"commit": commit}))
            package.writestr(f"{PACKAGES}/none", "")
    (cloud.builds / "deployed.json").write_text(json.dumps({"commits": [OLD, GOOD]}))
    with cloud.changed() as azure:
        azure["unpacked"] = str(cloud.state)
    return cloud


@pytest.fixture
def project(project: Project) -> Project:
    """The smoke test fails on what FAILS names, and says nothing else."""
    (project.directory / "scripts" / "smoke.py").write_text(
        "import os, sys\nsys.exit(any(c in os.environ.get('FAILS', '-') for c in sys.argv))\n"
    )
    return project


def history(cloud: Cloud) -> dict[str, Any]:
    """What is remembered of deployments."""
    return dict(json.loads((cloud.builds / "deployed.json").read_text()))


def test_after_one_that_was_interrupted_the_last_that_served_comes_back(
    cloud: Cloud, project: Project
) -> None:
    (cloud.builds / "deployed.json").write_text(
        json.dumps({"commits": [OLD, GOOD], "untried": BAD})
    )
    code, said = cloud.run(project, *ROLLBACK)
    assert (code, cloud.running) == (0, GOOD), said
    assert history(cloud) == {"commits": [OLD, GOOD], "untried": None}
    # And once more: the one before that.
    code, said = cloud.run(project, *ROLLBACK)
    assert (code, cloud.running) == (0, OLD), said


def test_a_build_to_go_back_to_that_fails_is_named(cloud: Cloud, project: Project) -> None:
    code, said = cloud.run(project, *ROLLBACK, FAILS=OLD)
    assert code == 1
    assert f"{OLD[:12]} may run all the same." in said
    assert f"Those that served, the newest first: {GOOD[:12]}, {OLD[:12]}." in said
    assert history(cloud) == {"commits": [OLD, GOOD], "untried": OLD}
    code, said = cloud.run(project, *ROLLBACK)
    assert (code, cloud.running) == (0, GOOD), said


def test_a_provisioning_that_failed_does_not_keep_from_going_back(
    cloud: Cloud, project: Project
) -> None:
    provision = ("./scripts/deploy.sh", "dev", "--yes", "--infra-only")
    project.commit("the smoke test")
    assert cloud.run(project, *provision)[0] == 0
    with cloud.changed() as azure:
        azure["taken"] = [azure["outputs"]["vaultName"]]
    code, said = cloud.run(project, *provision)
    assert code == 1
    show = ("az", "deployment", "group", "show", "--resource-group", "pixcrawler-dev")
    code, said = cloud.run(project, *show, "--name", "pixcrawler", "--query", "properties.outputs")
    assert said == ""  # it is forgotten there, as on Azure
    code, said = cloud.run(project, *ROLLBACK)
    assert (code, cloud.running) == (0, OLD), said


def test_one_that_is_interrupted_is_told_and_goes_back(cloud: Cloud, project: Project) -> None:
    """Ctrl-C while the new build is tried."""
    (project.directory / "scripts" / "smoke.py").write_text(
        "import os, time\nprint('tried', flush=True)\n"
        "time.sleep(0 if 'QUICK' in os.environ else 60)\n"
    )
    project.commit("a slow smoke test")
    deploying = cloud.start(project, "./scripts/deploy.sh", "dev", "--app-only")
    assert deploying.stdout is not None
    assert any("tried" in line for line in deploying.stdout)
    os.killpg(deploying.pid, signal.SIGINT)
    said, _ = deploying.communicate(timeout=30)
    assert deploying.returncode == 130
    assert "the new build may run untried" in said
    assert cloud.running == project.commit_id
    code, said = cloud.run(project, *ROLLBACK, QUICK="1")
    assert (code, cloud.running) == (0, GOOD), said
