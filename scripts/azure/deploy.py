"""From a commit to a running, tried deployment; or, when the trial fails, back to what ran before.

./scripts/deploy.sh ENV [--yes] [--what-if | --infra-only | --app-only]
"""

import argparse
import os
import re
import sys
import tempfile
from pathlib import Path

from scripts.arguments import AMOUNT
from scripts.azure import OperationError
from scripts.azure.az import az, az_json, group_exists, require_login
from scripts.azure.budget import budget_start
from scripts.azure.build import AZURE_PYTHON, build
from scripts.azure.builds import HeldBuilds
from scripts.azure.connections import check_connections
from scripts.azure.migrations import migrate
from scripts.azure.processes import ROOT, run
from scripts.azure.program import ended, leaving
from scripts.azure.refusals import explained
from scripts.azure.release import SMOKE_SECONDS, release
from scripts.azure.target import (
    DEPLOYMENT,
    ENVIRONMENTS,
    Outputs,
    keep_outputs,
    parameters_file,
    read_outputs,
    resource_group,
)

TEMPLATE = ROOT / "infra" / "main.bicep"
# What a parameter file reads from the environment and has no value of its own for.
NEEDED = re.compile(r"readEnvironmentVariable\('(\w+)', ''\)")


def main() -> int:
    """Deploys as the command line says; 0 when the new build serves."""
    deploy(_parse())
    return 0


def deploy(given: argparse.Namespace) -> None:
    """All of it, in an order in which nothing is changed that is not known to be wanted."""
    environment: str = given.environment
    group = resource_group(environment)
    with leaving("Nothing was changed."), explained(group, environment):
        commit = _require_clean_tree()
        _require_variables(environment)
        require_login()
        _require_group(group)
        template = () if given.app_only else _template(group, environment)
        if template:
            print(_what_if(template, only=given.what_if), flush=True)
            if given.what_if:
                return
            _confirm(given.yes)
        outputs = _provision(template, group) if template else read_outputs(group)
    with leaving("What served before still does. Run deploy.sh again: it repeats every step."):
        check_connections(
            outputs.maximum_instances, outputs.pool_per_instance, outputs.database_connection_limit
        )
        if given.infra_only:
            print(f"Provisioned. The vault of the secrets is {outputs.vault_name}.")
            return
        _require_secrets(outputs)
        with outputs.builds.held(f"deploy.sh {environment} of {commit[:12]}") as builds:
            _build_and_keep(builds, commit)
            print("Migrating the database", flush=True)
            migrate(outputs.vault.secret("DATABASE-URL"))
            release(outputs, builds, group, commit, given.smoke_seconds)


def _require_clean_tree() -> str:
    """The commit that the working tree is."""
    changed = run(["git", "status", "--porcelain"]).splitlines()
    if changed:
        some = ", ".join(line[3:] for line in changed[:3])
        raise OperationError(
            f"{len(changed)} files are not committed ({some}, …): only a commit is deployed."
        )
    return run(["git", "rev-parse", "HEAD"]).strip()


def _require_group(group: str) -> None:
    if not group_exists(group):
        raise OperationError(
            f"There is no resource group {group} in this subscription. Another one: az account set "
            f"--subscription NAME. A new group: az group create --name {group} --location REGION"
        )


def _require_variables(environment: str) -> None:
    file = parameters_file(environment)
    missing = [n for n in NEEDED.findall(file.read_text()) if not os.environ.get(n, "").strip()]
    if missing:
        raise OperationError(f"{file.name} reads {', '.join(missing)}, not set in the environment.")


def _what_if(template: tuple[str, ...], *, only: bool) -> str:
    """What provisioning would change. If that is ``only`` shown, who may read may see it."""
    level = "ProviderNoRbac" if only else "Provider"
    return az("deployment", "group", "what-if", *template, "--validation-level", level)


def _confirm(yes: bool) -> None:
    if yes:
        return
    try:
        answer = input("Go on? [y/N] ") if sys.stdin.isatty() else ""
    except (EOFError, KeyboardInterrupt) as ended_with:
        print(flush=True)  # the line of the question is not at its end
        if isinstance(ended_with, KeyboardInterrupt):
            raise
        answer = ""
    if answer.strip().lower() != "y":
        raise OperationError("Not confirmed; nothing was changed. (--yes confirms.)")


def _provision(template: tuple[str, ...], group: str) -> Outputs:
    print(f"Provisioning {group}", flush=True)
    with leaving(
        "Provisioning goes on in Azure. Run deploy.sh again when it has ended; to end it: "
        f"az deployment group cancel --resource-group {group} --name {DEPLOYMENT}"
    ):
        answer = az_json("deployment", "group", "create", *template)
        outputs = answer["properties"]["outputs"]
        keep_outputs(group, outputs)
    return Outputs.of(outputs)


def _template(group: str, environment: str) -> tuple[str, ...]:
    file = parameters_file(environment)
    parameters = ["--parameters", str(file)]
    parameters += ["--parameters", f"budgetStart={budget_start(group, environment)}"]
    if "\nparam plan = 'premium'" in file.read_text():
        parameters += ["--parameters", f"packageUrl={_running_package(group)}"]
    return ("--resource-group", group, "--name", DEPLOYMENT, "--template-file", str(TEMPLATE),
            *parameters)  # fmt: skip


def _running_package(group: str) -> str:
    """What production runs from, which provisioning must not take away; empty at first."""
    apps = az_json("functionapp", "list", "--resource-group", group)
    if not apps:
        return ""
    settings = az_json("functionapp", "config", "appsettings", "list",
                       "--resource-group", group, "--name", apps[0]["name"])  # fmt: skip
    found = [s["value"] for s in settings if s["name"] == "WEBSITE_RUN_FROM_PACKAGE"]
    return found[0] if found else ""


def _require_secrets(outputs: Outputs) -> None:
    missing = sorted(set(outputs.required_secrets) - outputs.vault.secret_names())
    if missing:
        raise OperationError(
            f"The vault {outputs.vault_name} lacks {', '.join(missing)}: docs/deployment.md says "
            "under The secrets what they are, and how to set them unseen."
        )


def _build_and_keep(builds: HeldBuilds, commit: str) -> None:
    print("Building", flush=True)
    with tempfile.TemporaryDirectory(prefix="pixcrawler-deploy-") as directory:
        path = Path(directory) / "build.zip"
        build(path, commit=commit, python=os.environ.get("PIXCRAWLER_PYTHON") or AZURE_PYTHON)
        builds.keep(path, commit)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="deploy.sh",
        description="Provision, migrate, build, deploy and try PixCrawler; go back when the trial "
        "fails. Needs the Azure CLI, signed in, and a clean working tree.",
    )
    add = parser.add_argument
    add("environment", choices=ENVIRONMENTS, help="which infra/*.bicepparam")
    add("--yes", action="store_true", help="do not ask before provisioning")
    parts = parser.add_mutually_exclusive_group()
    parts.add_argument("--what-if", action="store_true", help="only show what would be provisioned")
    parts.add_argument("--infra-only", action="store_true", help="provision, and nothing else")
    parts.add_argument("--app-only", action="store_true", help="leave resources as they are")
    add(
        "--smoke-seconds",
        type=AMOUNT,
        default=SMOKE_SECONDS,
        help="how long a check may take",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(ended("deploy", main))
