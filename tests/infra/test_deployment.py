"""deploy.sh and rollback.sh against a fake Azure that runs what it is given on the local host."""

import json
import re
import zipfile
from typing import Any

import httpx
import psycopg
import pytest

from scripts.crawl.api import Api
from scripts.devhost.stack import LocalStack
from scripts.local_crawl import sign_in
from tests.crawling import start_crawl, wait_for, wait_for_end
from tests.infra.cloud import Cloud, Project

DEPLOY = ("./scripts/deploy.sh", "dev", "--yes", "--smoke-seconds", "60")
LOOKING = ["account show", "group exists", "consumption budget list", "deployment group what-if"]
# The second keeps the outputs.
PROVISIONING = [*LOOKING, "deployment group create", "deployment group create"]


class TestRefusals:
    """Nothing is touched unless everything is there."""

    def test_what_is_not_committed_is_not_deployed(self, cloud: Cloud, project: Project) -> None:
        (project.directory / "host.json").write_text("{}")
        code, said = cloud.run(project, *DEPLOY)
        assert (code, cloud.commands) == (1, [])
        assert "1 files are not committed (host.json" in said

    def test_nobody_signed_in(self, cloud: Cloud, project: Project) -> None:
        with cloud.changed() as azure:
            azure["signed_in"] = False
        code, said = cloud.run(project, *DEPLOY)
        assert (code, cloud.commands) == (1, ["account show"])
        assert "run az login" in said

    def test_no_resource_group(self, cloud: Cloud, project: Project) -> None:
        code, said = cloud.run(project, "./scripts/deploy.sh", "prod", "--yes")
        assert code == 1
        assert "prod.bicepparam reads PIXCRAWLER_APP_URL" in said
        with cloud.changed() as azure:
            azure["groups"] = []
        code, said = cloud.run(project, *DEPLOY)
        assert (code, cloud.commands) == (1, ["account show", "group exists"])
        assert "az group create --name pixcrawler-dev" in said
        # Which may be the wrong one.
        assert "Subscription test (00000000-0000-0000-0000-000000000000)" in said

    def test_unconfirmed(self, cloud: Cloud, project: Project) -> None:
        code, said = cloud.run(project, "./scripts/deploy.sh", "dev")
        assert (code, cloud.commands) == (1, LOOKING)
        assert "nothing was changed" in said

    def test_what_if_only_shows(self, cloud: Cloud, project: Project) -> None:
        code, said = cloud.run(project, "./scripts/deploy.sh", "dev", "--what-if")
        assert (code, cloud.commands) == (0, LOOKING)
        assert "3 to create" in said
        assert cloud.calls[-1]["arguments"][-1] == "ProviderNoRbac"  # who may only read may ask

    def test_missing_secrets_are_named(self, cloud: Cloud, project: Project) -> None:
        with cloud.changed() as azure:
            del azure["secrets"]["API-KEY-PEPPER"]
        code, said = cloud.run(project, *DEPLOY)
        assert (code, cloud.commands) == (1, [*PROVISIONING, "keyvault secret list"])
        assert f"The vault {cloud.described['outputs']['vaultName']} lacks API-KEY-PEPPER:" in said

    def test_more_connections_than_the_database_has(self, cloud: Cloud, project: Project) -> None:
        with cloud.changed() as azure:
            azure["outputs"]["maximumInstances"] = 100
        code, said = cloud.run(project, *DEPLOY)
        assert code == 1
        assert "may open 500, 20 are for the frontend and migrations" in said
        assert "storage blob upload" not in cloud.commands

    def test_nothing_to_go_back_to(self, cloud: Cloud, project: Project) -> None:
        code, said = cloud.run(project, "./scripts/rollback.sh", "dev")
        assert code == 1
        assert "No build was deployed before the current one." in said
        code, said = cloud.run(project, "./scripts/rollback.sh", "dev", "abc")
        assert code == 1
        assert "There is not one kept build 'abc'. Kept: none." in said


@pytest.mark.usefixtures("stack_services")
class TestDeployment:
    def test_a_bad_build_goes_and_the_one_before_comes_back(
        self, cloud: Cloud, project: Project, stack_services: LocalStack
    ) -> None:
        good = project.commit_id
        code, said = cloud.run(project, *DEPLOY)
        assert code == 0, said + cloud.log
        assert f"{good[:12]} serves at {cloud.url}" in said
        assert cloud.running == good
        _check_package(cloud, good)

        bad = project.change("function_app.py", lambda text: "import nowhere\n" + text)
        with Api(cloud.url) as api:
            sign_in(api, stack_services, credits=1000)
            # The job runs while the good build is replaced by the bad one and comes back: the image
            # web is one host, from which two images at a time are fetched.
            job_id = start_crawl(api, ("cat", "tree", "dog", "horse"), 100)
            wait_for(lambda: api.get(f"jobs/{job_id}")["status"], lambda s: s == "running")
            quick = ("--app-only", "--smoke-seconds", "2")
            code, said = cloud.run(project, *DEPLOY[:2], *quick)
            assert code == 1
            assert f"{bad[:12]} failed; {good[:12]} serves again." in said, said + cloud.log
            assert cloud.running == good
            ended = wait_for_end(api, job_id)
        assert ended["status"] == "completed"
        assert ended["valid_images"] == 100
        assert _ended_at(stack_services, job_id) > cloud.last_time("config-zip")

        better = project.change("function_app.py", lambda text: text.partition("\n")[2])
        assert cloud.run(project, *DEPLOY[:2], "--app-only")[0] == 0
        assert {path.stem for path in cloud.builds.glob("*.zip")} == {good, better}
        code, said = cloud.run(project, "./scripts/rollback.sh", "dev")
        assert (code, cloud.running) == (0, good), said
        assert json.loads((cloud.builds / "deployed.json").read_text())["commits"] == [good]

    def test_premium_tries_the_slot_before_production(self, cloud: Cloud, project: Project) -> None:
        with cloud.changed() as azure:
            azure["outputs"] |= {"plan": "premium", "slotUrl": "http://127.0.0.1:1"}
        code, said = cloud.run(project, *DEPLOY[:2], "--app-only")  # the first is production's
        assert code == 0, said + cloud.log
        project.change("README.md", lambda text: text + "\n")
        impatient = (*DEPLOY[:2], "--app-only", "--smoke-seconds", "0.01")
        code, said = cloud.run(project, *impatient)
        assert code == 1
        assert "Production was not swapped." in said
        assert "functionapp deployment slot swap" not in cloud.commands
        with cloud.changed() as azure:
            azure["outputs"]["slotUrl"] = cloud.url
        code, said = cloud.run(project, *DEPLOY[:2], "--app-only")
        assert code == 0, said + cloud.log
        assert cloud.commands.count("functionapp deployment slot swap") == 1
        package = (cloud.state / "package").read_text()
        assert package.endswith(f"/builds/{project.commit_id}.zip")


def _check_package(cloud: Cloud, commit: str) -> None:
    """The package holds the app and its packages, and the app serves from nothing else."""
    with zipfile.ZipFile(cloud.builds / f"{commit}.zip") as package:
        names = package.namelist()
    top = {name.split("/")[0] for name in names}
    app = {"function_app.py", "host.json", "functions", "orchestrations", "shared"}
    assert top - {"__pycache__"} == {*app, "build.json", ".python_packages"}
    own = [name for name in names if not name.startswith(".python_packages")]
    assert not [name for name in own if re.search(r"\b(tests?|local|env|venv)\b", name)]
    assert not [name for name in names if name.endswith(("local.settings.json", ".env", ".bicep"))]
    assert not [name for name in names if "/tests/" in name]
    assert {"aiohttp", "pytest", "uv", "ruff"} & {
        name.split("/")[3] for name in names if name.count("/") > 3
    } == {"aiohttp"}
    wait_for(
        lambda: httpx.get(f"{cloud.url}/health", timeout=30).json()["status"],
        lambda status: status == "healthy",
    )


def _ended_at(stack: LocalStack, job_id: int) -> float:
    with psycopg.connect(stack.info.database_url) as connection:
        row: Any = connection.execute(
            "SELECT extract(epoch FROM completed_at)::float FROM crawl_jobs WHERE id = %s", [job_id]
        ).fetchone()
    return float(row[0])
