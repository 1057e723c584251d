"""What Azure does not deploy, and says so; in its words where anybody has written them down."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.fakes.az.state import Given, config, fail

Resource = dict[str, Any]
FLEX_SETTINGS = {
    "ENABLE_ORYX_BUILD", "FUNCTIONS_EXTENSION_VERSION", "FUNCTIONS_WORKER_RUNTIME",
    "FUNCTIONS_WORKER_RUNTIME_VERSION", "SCM_DO_BUILD_DURING_DEPLOYMENT",
    "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING", "WEBSITE_CONTENTSHARE",
    "WEBSITE_MAX_DYNAMIC_APPLICATION_SCALE_OUT", "WEBSITE_RUN_FROM_PACKAGE",
}  # fmt: skip
FLEX_CONFIG = {
    "alwaysOn", "ftpsState", "functionAppScaleLimit", "functionsRuntimeScaleMonitoringEnabled",
    "linuxFxVersion", "netFrameworkVersion", "preWarmedInstanceCount", "use32BitWorkerProcess",
    "windowsFxVersion",
}  # fmt: skip
MOST_INSTANCES = 1000
DELETED = (
    "A vault with the same name already exists in deleted state. You need to either recover or "
    "purge existing key vault. Follow this link https://go.microsoft.com/fwlink/?linkid=2149745 "
    "for more information on soft delete."
)
TAKEN = (
    "The vault name '{}' is already in use. Vault names are globally unique so it is possible that "
    "the name is already taken."
)


class Plan:
    """What a deployment was given: the resources of its parameter file, and other parameters."""

    def __init__(self, given: Given) -> None:
        file = next(Path(text) for text in given["parameters"] if text.endswith(".bicepparam"))
        compiled = json.loads((file.parent / "compiled" / f"{file.stem}.json").read_text())
        self.resources: list[Resource] = compiled["predictedResources"]
        self.environment = file.stem
        self.parameters: dict[str, str] = dict(
            text.split("=", 1) for text in given["parameters"] if text != str(file)
        )

    @property
    def budget_start(self) -> str:
        """Empty: no budget."""
        return self.parameters.get("budgetStart", "")

    def all(self, kind: str) -> list[Resource]:
        """Its resources of a type."""
        return [resource for resource in self.resources if resource["type"] == kind]


def before(plan: Plan) -> None:
    """Fails for what is seen before anything is made, by what-if too."""
    taken = config().get("taken", ())
    for account in plan.all("Microsoft.Storage/storageAccounts"):
        if account["name"] in taken:
            said = f"The storage account named {account['name']} is already taken."
            detail = _error("StorageAccountAlreadyTaken", said, account["name"])
            fail(json.dumps(_error("InvalidTemplateDeployment", "…", "", [
                _error("PreflightValidationCheckFailed", "…", "", [detail]),
            ])))  # fmt: skip


def meanwhile(plan: Plan) -> None:
    """Fails for what a resource provider does not make."""
    details = [*_vaults(plan), *_sites(plan), *_budget(plan)]
    if details:
        said = "At least one resource deployment operation failed."
        error = _error("DeploymentFailed", said, "", details)
        fail(json.dumps({"status": "Failed", "error": error}))


def _vaults(plan: Plan) -> Iterator[Resource]:
    azure = config()
    for vault in plan.all("Microsoft.KeyVault/vaults"):
        if vault["name"] in azure.get("deleted_vaults", ()):
            yield _error("ConflictError", DELETED, vault["id"])
        if vault["name"] in azure.get("taken", ()):
            yield _error("VaultAlreadyExists", TAKEN.format(vault["name"]), vault["id"])


def _sites(plan: Plan) -> Iterator[Resource]:
    for site in plan.all("Microsoft.Web/sites"):
        flex = site["properties"].get("functionAppConfig")
        if not flex:
            continue
        config = site["properties"]["siteConfig"]
        names = {setting["name"] for setting in config["appSettings"]}
        wrong = [f"Site.SiteConfig.AppSettings.{name}" for name in sorted(names & FLEX_SETTINGS)]
        if wrong:
            yield _error("BadRequest", _invalid("app setting", "app settings", wrong), site["id"])
        # Even null is refused.
        wrong = [
            f"Site.SiteConfig.{n[0].upper()}{n[1:]}" for n in sorted(FLEX_CONFIG & set(config))
        ]
        if wrong:
            kind = "site configuration propert"
            yield _error("BadRequest", _invalid(f"{kind}y", f"{kind}ies", wrong), site["id"])
        most = flex["scaleAndConcurrency"]["maximumInstanceCount"]
        if not 1 <= most <= MOST_INSTANCES:
            # Our words: nobody has written Azure's down.
            name = "Site.FunctionAppConfig.ScaleAndConcurrency.MaximumInstanceCount"
            said = f"{name} is invalid.  It must be between 1 and {MOST_INSTANCES}."
            yield _error("BadRequest", said, site["id"])


def _invalid(one: str, many: str, names: list[str]) -> str:
    if len(names) == 1:
        what, them = f"{one} ({names[0]})", "it"
    else:
        what, them = f"list of {len(names)} {many} ({', '.join(names)})", "them"
    return (
        f"The following {what} for Flex Consumption sites is invalid.  "
        f"Please remove or rename {them} before retrying."
    )


def _budget(plan: Plan) -> Iterator[Resource]:
    if not plan.budget_start:
        return
    name = f"budget-pixcrawler-{plan.environment}"
    made = {b["name"]: b["timePeriod"]["startDate"][:10] for b in config().get("budgets", ())}
    if name in made:
        if made[name] != plan.budget_start:
            said = "Start date of budgets cannot be updated. Please delete and create a new budget."
            yield _error("400", said, name)
    elif plan.budget_start < f"{datetime.now(UTC):%Y-%m}-01":
        said = "Start date for monthly time grain should not be prior to current month."
        yield _error("400", said, name)


def _error(code: str, message: str, target: str, details: list[Resource] | None = None) -> Resource:
    return {"code": code, "message": message, "target": target, "details": details or []}
