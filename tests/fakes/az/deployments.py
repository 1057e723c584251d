"""Deployments of the fake Azure, and the budgets that they make."""

import json
from pathlib import Path
from typing import Any

from tests.fakes.az import refusals
from tests.fakes.az.refusals import Plan
from tests.fakes.az.state import Given, changed, config, fail


def what_if(given: Given) -> str:
    _require_group(given)
    refusals.before(Plan(given))
    return f"Resource and property changes: {given['resource_group']}: 3 to create."


def create(given: Given) -> Any:
    _require_group(given)
    if not given["parameters"]:  # makes outputs only
        with changed() as azure:
            azure["kept"] = json.loads(Path(given["template_file"]).read_text())["outputs"]
        return show(given)
    plan = Plan(given)
    refusals.before(plan)
    with changed() as azure:
        azure["unfinished"] = True
    refusals.meanwhile(plan)
    with changed() as azure:
        azure["provisioned"] = True
        azure["unfinished"] = False
        name = f"budget-pixcrawler-{plan.environment}"
        others = [budget for budget in azure.get("budgets", ()) if budget["name"] != name]
        period = {"startDate": f"{plan.budget_start}T00:00:00Z"}
        azure["budgets"] = [*others, {"name": name, "timePeriod": period}]
    return show(given)


def show(given: Given) -> Any:
    _require_group(given)
    if not config()["provisioned"]:
        fail(f"(DeploymentNotFound) Deployment '{given['name']}' could not be found.")
    outputs = {
        name: {"type": type(value).__name__, "value": value}
        for name, value in config()["outputs"].items()
    }
    if given["name"] != "pixcrawler":
        outputs = config().get("kept", outputs)
    elif config().get("unfinished"):  # or failed: then the one before is forgotten
        return {"name": given["name"], "properties": {"outputs": None}}
    return {
        "name": given["name"],
        "properties": {"provisioningState": "Succeeded", "outputs": outputs},
    }


def budgets(_: Given) -> Any:
    return config().get("budgets", [])


def _require_group(given: Given) -> None:
    group = given["resource_group"]
    if group not in config()["groups"]:
        fail(f"(ResourceGroupNotFound) Resource group '{group}' could not be found.")
