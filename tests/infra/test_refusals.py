"""What Azure refuses is refused by the fake too, and deploy.sh says what to do about it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.infra.cloud import Cloud, Project
from tests.infra.reading import DEPLOYMENTS

PROVISION = ("./scripts/deploy.sh", "dev", "--yes", "--infra-only")
DEV = DEPLOYMENTS["dev"].outputs
Site = dict[str, Any]


def compiled_otherwise(project: Project, edit: Callable[[Site], object]) -> None:
    """The project as if the compiler had made another site of dev.bicepparam."""

    def edited(text: str) -> str:
        compiled = json.loads(text)
        (site,) = (r for r in compiled["predictedResources"] if r["type"] == "Microsoft.Web/sites")
        edit(site["properties"])
        return json.dumps(compiled)

    project.change("infra/compiled/dev.json", edited)


def refused(cloud: Cloud, project: Project) -> str:
    code, said = cloud.run(project, *PROVISION)
    assert code == 1, said
    return said


def test_nothing_of_ours_is_refused(cloud: Cloud, project: Project) -> None:
    code, said = cloud.run(project, *PROVISION)
    assert code == 0, said
    assert f"The vault of the secrets is {DEV['vaultName']}." in said
    (budget,) = cloud.described["budgets"]
    start = f"{datetime.now(UTC):%Y-%m}-01T00:00:00Z"
    assert budget == {"name": "budget-pixcrawler-dev", "timePeriod": {"startDate": start}}


class TestFlexConsumption:
    def test_a_setting_that_it_does_not_take(self, cloud: Cloud, project: Project) -> None:
        setting = {"name": "FUNCTIONS_WORKER_RUNTIME", "value": "python"}
        compiled_otherwise(project, lambda site: site["siteConfig"]["appSettings"].append(setting))
        said = refused(cloud, project)
        name = "Site.SiteConfig.AppSettings.FUNCTIONS_WORKER_RUNTIME"
        assert f"The following app setting ({name}) for Flex Consumption sites is invalid." in said
        assert f"Give {name} to the plan premium only: infra/modules/functionapp.bicep." in said

    def test_configuration_that_it_does_not_take(self, cloud: Cloud, project: Project) -> None:
        more = {"ftpsState": "Disabled", "linuxFxVersion": None}
        compiled_otherwise(project, lambda site: site["siteConfig"].update(more))
        said = refused(cloud, project)
        names = "Site.SiteConfig.FtpsState, Site.SiteConfig.LinuxFxVersion"
        assert f"list of 2 site configuration properties ({names})" in said
        assert f"Give {names} to the plan premium only" in said

    @pytest.mark.parametrize("instances", [0, 1001])
    def test_instances_out_of_bounds(self, cloud: Cloud, project: Project, instances: int) -> None:
        def edit(site: Site) -> None:
            scale = site["functionAppConfig"]["scaleAndConcurrency"]
            scale["maximumInstanceCount"] = instances

        compiled_otherwise(project, edit)
        assert "Set maximumInstances in infra/dev.bicepparam" in refused(cloud, project)


class TestNames:
    def test_a_storage_account_of_somebody_else(self, cloud: Cloud, project: Project) -> None:
        with cloud.changed() as azure:
            azure["taken"] = [DEV["hostAccountName"]]
        said = refused(cloud, project)
        assert f"The storage account named {DEV['hostAccountName']} is already taken." in said
        assert f"{DEV['hostAccountName']} belongs to somebody else" in said
        assert "deployment group create" not in cloud.commands  # what-if saw it

    def test_a_vault_of_somebody_else(self, cloud: Cloud, project: Project) -> None:
        with cloud.changed() as azure:
            azure["taken"] = [DEV["vaultName"]]
        said = refused(cloud, project)
        assert f"The vault name '{DEV['vaultName']}' is already in use." in said
        assert f"{DEV['vaultName']} belongs to somebody else" in said

    def test_a_deleted_vault_comes_back(self, cloud: Cloud, project: Project) -> None:
        with cloud.changed() as azure:
            azure["deleted_vaults"] = [DEV["vaultName"]]
        said = refused(cloud, project)
        assert "A vault with the same name already exists in deleted state." in said
        *_, command = said.strip().rpartition("az keyvault recover")
        assert cloud.run(project, "az", "keyvault", "recover", *command.split())[0] == 0
        assert cloud.run(project, *PROVISION)[0] == 0


class TestBudget:
    """Counterexamples: what a deploy.sh would meet that did not ask when the budget began."""

    def test_begins_another_time(self, cloud: Cloud, project: Project) -> None:
        assert cloud.run(project, *PROVISION)[0] == 0
        with cloud.changed() as azure:
            azure["budgets"][0]["timePeriod"]["startDate"] = "2026-01-01T00:00:00Z"
        self.looks_for(project, 'f"budget-pixcrawler-{environment}"', '"another"')
        said = refused(cloud, project)
        assert "Start date of budgets cannot be updated." in said
        assert (
            "az consumption budget delete --resource-group pixcrawler-dev "
            "--budget-name budget-pixcrawler-dev"
        ) in said

    def test_begins_in_the_past(self, cloud: Cloud, project: Project) -> None:
        self.looks_for(project, "{datetime.now(UTC):%Y-%m}", "2020-01")
        said = refused(cloud, project)
        assert "Start date for monthly time grain should not be prior to current month." in said
        assert "is the clock of this machine right?" in said

    def looks_for(self, project: Project, this: str, instead: str) -> None:
        def edited(text: str) -> str:
            assert this in text
            return text.replace(this, instead)

        project.change("scripts/azure/budget.py", edited)


def test_a_deployment_three_months_later(cloud: Cloud, project: Project, tmp_path: Path) -> None:
    """The budget keeps its start; scripts and az live in the past first, the app never does."""
    (tmp_path / "clock").mkdir()
    (tmp_path / "clock" / "sitecustomize.py").write_text(
        "import os, time_machine\n"
        "time_machine.travel(float(os.environ['MOVED_CLOCK']), tick=True).start()\n"
    )
    then = datetime.now(UTC) - timedelta(days=91)
    moved = {"PYTHONPATH": str(tmp_path / "clock"), "MOVED_CLOCK": str(then.timestamp())}
    deploy = ("./scripts/deploy.sh", "dev", "--yes", "--smoke-seconds", "60")
    # What Azure has against a later time it says while provisioning: the first ends with that.
    code, said = cloud.run(project, *deploy, "--infra-only", **moved)
    assert code == 0, said + cloud.log
    code, said = cloud.run(project, *deploy)
    assert code == 0, said + cloud.log
    given = [call["arguments"] for call in cloud.calls if "--parameters" in call["arguments"]]
    given = [arguments for arguments in given if arguments[:3] == ["deployment", "group", "create"]]
    assert [f"budgetStart={then:%Y-%m}-01" in arguments for arguments in given] == [True, True]
