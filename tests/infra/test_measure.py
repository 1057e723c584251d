"""What was deployed is measured: within the aims it stays, far outside the build before is back."""

import pytest

from scripts.azure.thresholds import Verdict
from tests.infra.cloud import Cloud, Project
from tests.infra.going_back import GOOD, OLD, keep_builds, remember

COMMAND = (".venv/bin/python", "-m", "scripts.azure.measure", "dev", "--seconds", "20")
# Stands in for a program: ends with the code, says how it was called and what it was given.
PROGRAM = """\
import os, sys
known = [name for name in ("SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY") if os.environ.get(name)]
print("{name}", *sys.argv[1:], *known, os.environ.get("METRICS_TOKEN"), flush=True)
if {code} < 0:
    os.kill(os.getpid(), -({code}))
sys.exit({code})
"""


@pytest.fixture
def cloud(cloud: Cloud) -> Cloud:
    """Two builds were deployed; telemetry has nothing."""
    keep_builds(cloud)
    with cloud.changed() as azure:
        azure["secrets"]["METRICS-TOKEN"] = "of metrics"
        azure |= {"workspaces": ["1"], "figures": []}
    return cloud


def measured(cloud: Cloud, project: Project, **codes: int) -> tuple[int, str]:
    """Exit code and words, where the programs end with these codes."""
    for name, code in {"smoke": 0, **codes}.items():
        program = PROGRAM.format(name=name, code=code)
        (project.directory / "scripts" / f"{name}.py").write_text(program)
    return cloud.run(project, *COMMAND)


@pytest.mark.parametrize(
    ("load", "checklist", "code"),
    [(0, 0, 0), (1, 0, 1), (0, 1, 1), (2, 0, 2), (1, 2, 2), (-9, 0, 2)],
)
def test_what_is_not_far_outside_stays(
    cloud: Cloud, project: Project, load: int, checklist: int, code: int
) -> None:
    ended, said = measured(cloud, project, load=load, checklist=checklist)
    assert ended == code, said
    given = "SUPABASE_URL SUPABASE_SERVICE_ROLE_KEY of metrics"
    assert f"load {cloud.url} --seconds 20 {given}" in said
    assert f"checklist 5-minutes {cloud.url} --environment dev {given}" in said
    assert not [command for command in cloud.commands if command.startswith("functionapp")]


@pytest.mark.parametrize(("load", "checklist"), [(3, 0), (0, 3), (3, 2)])
def test_what_is_far_outside_goes_back(
    cloud: Cloud, project: Project, load: int, checklist: int
) -> None:
    ended, said = measured(cloud, project, load=load, checklist=checklist)
    assert ended == Verdict.ROLL_BACK, said
    assert f"{OLD[:12]} serves at {cloud.url}" in said
    assert cloud.running == OLD


def test_the_programs_take_what_they_are_given(cloud: Cloud, project: Project) -> None:
    """Nobody is there: the load cannot be tried, and the list rolls back to what is not there."""
    remember(cloud, commits=[GOOD])
    ended, said = cloud.run(project, *COMMAND)
    assert ended == 1
    assert f"It cannot be tried: {cloud.url}/api/v1/ does not answer" in said
    assert "## Within 5 minutes" in said
    assert "FAILED** `/health` answers" in said
    assert "measure: No build was deployed before the current one." in said
