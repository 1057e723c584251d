"""Putting a build into service and trying it."""

import os
import sys
import tempfile
from pathlib import Path
from typing import Final

from scripts.azure import OperationError
from scripts.azure.az import az_json
from scripts.azure.builds import HeldBuilds
from scripts.azure.processes import ROOT, call
from scripts.azure.program import leaving
from scripts.azure.target import Outputs

SLOT: Final = "staging"
SMOKE_SECONDS: Final = 300.0  # for one step; together they take seconds when things are well


class Unchanged(OperationError):
    """It failed, and what served before still does."""


def release(outputs: Outputs, builds: HeldBuilds, group: str, commit: str, seconds: float) -> None:
    """The new build in service, or the one before and an error."""
    print(f"Deploying {commit[:12]} to {outputs.app_name}", flush=True)
    history = builds.try_out(commit)
    earlier = history.without(commit)
    try:
        put_into_service(outputs, group, commit, seconds)
    except Unchanged:
        builds.write(history)
        raise
    except OperationError as error:
        if not earlier:
            raise OperationError(f"{error} There is no earlier build to go back to.") from None
        print(f"{error} Going back to {earlier[-1][:12]}.", flush=True)
        builds.try_out(commit)  # it still is, unless somebody else took over meanwhile
        _go_back(outputs, group, earlier[-1])
        builds.record(earlier)
        raise OperationError(f"{commit[:12]} failed; {earlier[-1][:12]} serves again.") from None
    serving(outputs, builds, [*earlier, commit])
    _prune(builds, commit)


def serving(outputs: Outputs, builds: HeldBuilds, commits: list[str]) -> None:
    """Remembers that the last of the commits serves, and says so."""
    newest = commits[-1][:12]
    with leaving(f"{newest} serves; run this again, so that rollback.sh knows."):
        builds.record(commits)
    print(f"{newest} serves at {outputs.app_url}", flush=True)


def _prune(builds: HeldBuilds, commit: str) -> None:
    with leaving(f"{commit[:12]} serves. Builds that nobody needs any more may still be kept."):
        try:
            builds.prune()
        except OperationError as error:  # the next one does it
            print(f"Builds that nobody needs any more are still kept: {error}")


def _go_back(outputs: Outputs, group: str, commit: str) -> None:
    try:
        put_into_service(outputs, group, commit, SMOKE_SECONDS)
    except OperationError as error:
        raise OperationError(
            f"{error} Going back to {commit[:12]} failed too, and it may run all the same: is it "
            "something that both need? docs/operations.md, health-failing. Once more: rollback.sh."
        ) from None


def put_into_service(outputs: Outputs, group: str, commit: str, seconds: float) -> None:
    """Runs the kept build of ``commit``, if the smoke test passes on it within ``seconds`` a step.

    On Flex Consumption it replaces the running build, and is tried there; on premium it is tried
    in the slot before production is swapped.

    Raises:
        Unchanged: the deployment or the smoke test failed, and the running build still runs.
        OperationError: the same, and it may be replaced.
    """
    app = ("--resource-group", group, "--name", outputs.app_name)
    with leaving(f"{commit[:12]} may run, untried. Deploy again, or go back with rollback.sh."):
        if outputs.plan == "premium":
            _put_on_premium(outputs, app, commit, seconds)
        else:
            _put_on_flex(outputs, app, commit)
            smoke(outputs.app_url, outputs, commit, seconds)


def _put_on_flex(outputs: Outputs, app: tuple[str, ...], commit: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / f"{commit}.zip"
        try:
            outputs.builds.fetch(commit, path)
        except OperationError as error:
            raise Unchanged(f"{error} What served before still does.") from None
        az_json("functionapp", "deployment", "source", "config-zip", *app, "--src", str(path))


def _put_on_premium(outputs: Outputs, app: tuple[str, ...], commit: str, seconds: float) -> None:
    """The slot leaves queues and timers to production: the first build must go there itself."""
    if not outputs.builds.history().commits:
        _run_from_package(outputs, app, commit)
        smoke(outputs.app_url, outputs, commit, seconds)
        return
    try:
        _run_from_package(outputs, (*app, "--slot", SLOT), commit)
        smoke(outputs.slot_url, outputs, commit, seconds)
    except OperationError as error:
        raise Unchanged(f"{error} Production was not swapped.") from None
    az_json("functionapp", "deployment", "slot", "swap", *app, "--slot", SLOT)


def _run_from_package(outputs: Outputs, place: tuple[str, ...], commit: str) -> None:
    container = (
        f"https://{outputs.host_account_name}.blob.core.windows.net/{outputs.build_container}"
    )
    setting = f"WEBSITE_RUN_FROM_PACKAGE={container}/{commit}.zip"
    az_json("functionapp", "config", "appsettings", "set", *place, "--settings", setting)
    az_json("functionapp", "restart", *place)


def smoke(url: str, outputs: Outputs, commit: str, seconds: float) -> None:
    """Runs the smoke test on the build of ``commit``, with a user it makes and removes again.

    Raises:
        OperationError: a check failed; the test has printed which.
    """
    print(f"Smoke test of {url}", flush=True)
    key = outputs.vault.secret("SUPABASE-SERVICE-ROLE-KEY")
    command = [sys.executable, str(ROOT / "scripts" / "smoke.py"), url, "--commit", commit,
               "--seconds", str(seconds)]  # fmt: skip
    if frontend := os.environ.get("PIXCRAWLER_APP_URL"):  # which Bicep lets in
        command += ["--origin", frontend]
    known = {"SUPABASE_URL": outputs.supabase_url, "SUPABASE_SERVICE_ROLE_KEY": key}
    if call(command, {**os.environ, **known}):
        raise OperationError("The smoke test failed.")
