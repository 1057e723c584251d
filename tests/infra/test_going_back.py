"""Going back when the last deployment did not end as it should: interrupted, refused, failed."""

import json

import pytest

from scripts.azure.builds import HISTORY, History
from tests.infra.cloud import Cloud, Project
from tests.infra.going_back import BAD, GOOD, OLD, history, keep_builds, remember

ROLLBACK = ("./scripts/rollback.sh", "dev")
DEPLOY = ("./scripts/deploy.sh", "dev", "--app-only")


@pytest.fixture
def cloud(cloud: Cloud) -> Cloud:
    """Two builds served, a third is kept."""
    keep_builds(cloud)
    return cloud


@pytest.fixture
def project(project: Project) -> Project:
    """The smoke test fails on what FAILS names, and says nothing else."""
    (project.directory / "scripts" / "smoke.py").write_text(
        "import os, sys\nsys.exit(any(c in os.environ.get('FAILS', '-') for c in sys.argv))\n"
    )
    return project


def test_after_one_that_was_interrupted_the_last_that_served_comes_back(
    cloud: Cloud, project: Project
) -> None:
    remember(cloud, commits=[OLD, GOOD], untried=BAD)
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


class TestWhatServesAlready:
    """Deployed once more, it is nothing that one goes back to."""

    def test_interrupted(self, cloud: Cloud, project: Project) -> None:
        remember(cloud, commits=[OLD, GOOD], untried=GOOD)
        code, said = cloud.run(project, *ROLLBACK)
        assert (code, cloud.running) == (0, OLD), said

    def test_failing_then_passing(self, cloud: Cloud, project: Project) -> None:
        serves = project.commit("the smoke test")
        remember(cloud, commits=[OLD, serves])
        code, said = cloud.run(project, *DEPLOY, FAILS=serves)
        assert (code, cloud.running) == (1, OLD), said
        assert f"Going back to {OLD[:12]}." in said
        assert history(cloud) == {"commits": [OLD], "untried": None}
        for _ in range(2):
            assert cloud.run(project, *DEPLOY)[0] == 0
        assert history(cloud) == {"commits": [OLD, serves], "untried": None}
        code, said = cloud.run(project, *ROLLBACK)
        assert (code, cloud.running) == (0, OLD), said

    def test_alone(self, cloud: Cloud, project: Project) -> None:
        remember(cloud, commits=[GOOD], untried=GOOD)
        code, said = cloud.run(project, *ROLLBACK)
        assert code == 1
        assert "No build was deployed before the current one." in said


@pytest.mark.parametrize(
    "told",
    ["", '{"commits": ["', "[]", "null", "{}", '{"commits": 1}', '{"commits": ["x"]}',
     '{"commits": [{"id": "x", "at": "2027-01-01"}], "version": 2}', "\x00"],
)  # fmt: skip
def test_a_history_that_cannot_be_read_is_told(told: str) -> None:
    with pytest.raises(ValueError, match=HISTORY):
        History.of(told)


def test_a_damaged_history_is_put_right_by_hand(cloud: Cloud, project: Project) -> None:
    (cloud.builds / HISTORY).write_text('{"commits": ["')
    code, said = cloud.run(project, *ROLLBACK)
    assert code == 1
    assert "rollback: deployed.json is damaged, or of a later version" in said
    remember_to = project.directory / HISTORY
    remember_to.write_text(json.dumps({"commits": [OLD, GOOD]}))
    _, _, command = said.strip().partition("put it back: ")
    assert cloud.run(project, *command.split())[0] == 0
    code, said = cloud.run(project, *ROLLBACK)
    assert (code, cloud.running) == (0, OLD), said


def test_premium_production_stays_when_the_slot_fails(cloud: Cloud, project: Project) -> None:
    """And then the last that served is still what runs."""
    with cloud.changed() as azure:
        azure["outputs"]["plan"] = "premium"
    remember(cloud, commits=[OLD, GOOD], untried=None)
    code, said = cloud.run(project, *ROLLBACK, FAILS=OLD)
    assert code == 1
    assert said.endswith("rollback: The smoke test failed. Production was not swapped.\n")
    assert history(cloud) == {"commits": [OLD, GOOD], "untried": None}
    code, said = cloud.run(project, *ROLLBACK)
    assert (code, cloud.running) == (0, OLD), said
