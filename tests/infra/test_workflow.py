"""What the GitHub workflow may do, and in which order."""

import os
import re
from pathlib import Path

import pytest

from scripts.azure.build import AZURE_PYTHON
from scripts.pythons import SUPPORTED

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / ".github/workflows/deploy.yml").read_text()
PAGE = (ROOT / "docs/deployment.md").read_text()
PINNED = re.compile(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
ONLY_MAIN = "if: github.ref == 'refs/heads/main' && github.event_name != 'pull_request'\n"


def jobs(text: str) -> dict[str, str]:
    """The jobs by name."""
    pieces = re.split(r"^  ([\w-]+):\n", text.partition("\njobs:\n")[2], flags=re.MULTILINE)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


def environment(job: str) -> str:
    """The GitHub environment of a job, which decides on its rights in Azure; empty: none."""
    found = re.search(r"^    environment: ([\w-]+)", job, re.MULTILINE)
    return found[1] if found else ""


def reachable(text: str) -> set[str]:
    """The environments of the jobs that a pull request may start."""
    all_jobs = jobs(text)
    guarded = {name for name, job in all_jobs.items() if ONLY_MAIN in job}
    for name, job in all_jobs.items():  # a job is not started without those that it needs
        needs = re.search(r"^    needs: \[?([\w, -]+)", job, re.MULTILINE)
        if needs and set(needs[1].split(", ")) & guarded:
            guarded.add(name)
    return {environment(job) for name, job in all_jobs.items() if name not in guarded} - {""}


class TestRights:
    def test_signs_in_by_oidc_and_stores_no_secret(self) -> None:
        assert "secrets." not in TEXT
        assert TEXT.count("id-token: write") == TEXT.count("azure/login@") == 3
        for job in jobs(TEXT).values():
            assert ("azure/login@" in job) == bool(environment(job))

    def test_a_pull_request_gets_at_nothing_that_may_be_changed(self) -> None:
        assert reachable(TEXT) == {"what-if"}
        what_if = jobs(TEXT)["what-if"]
        assert re.findall(r"- run: (.+)", what_if) == [
            "az bicep install --version v0.49.2",
            "./scripts/deploy.sh staging --what-if",
        ]
        assert "pull_request_target" not in TEXT

    @pytest.mark.parametrize("change", [("environment: what-if", "environment: staging"),
                                        (f"    {ONLY_MAIN}", "")])  # fmt: skip
    def test_one_that_would_is_noticed(self, change: tuple[str, str]) -> None:
        assert change[0] in TEXT
        assert "staging" in reachable(TEXT.replace(*change))

    def test_the_identity_of_what_if_reads(self) -> None:
        (actions,) = re.findall(r'"Actions":\[([^]]+)\]', PAGE)
        assert actions.split(",") == ['"*/read"', '"Microsoft.Resources/deployments/whatIf/action"']
        rows = dict(re.findall(r"^\| `([\w-]+)` \| (.+?) \|", PAGE, re.MULTILINE))
        assert rows["what-if"] == "any"
        assert rows["staging"] == "**`main` only**"
        assert rows["prod"].startswith("**`main` only**")

    def test_actions_are_named_by_their_commits(self) -> None:
        used = re.findall(r"uses: (.+)", TEXT)
        assert used
        assert [action for action in used if not PINNED.fullmatch(action)] == []
        assert not PINNED.fullmatch("actions/checkout@v5")
        assert len({action.split("@")[0] for action in used}) == len(set(used))


class TestOrder:
    def test_deploys_what_was_tested_first_to_staging(self) -> None:
        assert "needs: [test, build]\n" in jobs(TEXT)["staging"]
        assert "needs: staging\n" in jobs(TEXT)["prod"]

    def test_measures_staging_before_production(self) -> None:
        staging = jobs(TEXT)["staging"]
        deployed, _, then = staging.partition("./scripts/deploy.sh staging --yes\n")
        assert "scripts.azure.measure staging | tee" in then
        assert "shell: bash" in then  # without it a pipe hides the exit code
        assert "scripts.azure.measure" not in deployed
        assert "continue-on-error" not in staging

    def test_the_python_of_azure_tests_and_builds(self) -> None:
        assert set(re.findall(r"python-version: '(.+)'", TEXT)) == {AZURE_PYTHON}
        (several,) = re.findall(r"python-version: \|\n((?: +[\d.]+\n)+)", TEXT)
        assert several.split() == sorted(SUPPORTED)
        assert several.split()[-1] == AZURE_PYTHON

    def test_runs_scripts_that_exist(self) -> None:
        for script in re.findall(r"run: (\./scripts/\S+)", TEXT):
            assert os.access(ROOT / script, os.X_OK), script
        for module in re.findall(r"-m (scripts[\w.]+)", TEXT):
            assert (ROOT / (module.replace(".", "/") + ".py")).is_file(), module
