"""Putting a build into service and trying it."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.azure import OperationError
from scripts.azure.az import az_json
from scripts.azure.processes import ROOT
from scripts.azure.target import Outputs

SLOT = "staging"
SMOKE_SECONDS = 300.0  # for one step; all of them together take seconds when things are well


def put_into_service(outputs: Outputs, group: str, commit: str, seconds: float) -> None:
    """Runs the kept build of ``commit``, if the smoke test passes on it within ``seconds`` a step.

    On Flex Consumption it replaces the running build, and is tried there; on premium it is tried
    in the slot before production is swapped.

    Raises:
        OperationError: the deployment or the smoke test failed.
    """
    app = ("--resource-group", group, "--name", outputs.app_name)
    if outputs.plan == "premium":
        _put_on_premium(outputs, app, commit, seconds)
        return
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / f"{commit}.zip"
        outputs.builds.fetch(commit, path)
        az_json("functionapp", "deployment", "source", "config-zip", *app, "--src", str(path))
    smoke(outputs.app_url, outputs, commit, seconds)


def _put_on_premium(outputs: Outputs, app: tuple[str, ...], commit: str, seconds: float) -> None:
    """The slot leaves queues and timers to production: the first build must go there itself."""
    container = (
        f"https://{outputs.host_account_name}.blob.core.windows.net/{outputs.build_container}"
    )
    first = not outputs.builds.deployed()
    place = app if first else (*app, "--slot", SLOT)
    setting = f"WEBSITE_RUN_FROM_PACKAGE={container}/{commit}.zip"
    az_json("functionapp", "config", "appsettings", "set", *place, "--settings", setting)
    az_json("functionapp", "restart", *place)
    smoke(outputs.app_url if first else outputs.slot_url, outputs, commit, seconds)
    if not first:
        az_json("functionapp", "deployment", "slot", "swap", *app, "--slot", SLOT)


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
    ended = subprocess.run(
        command,
        env={**os.environ, "SUPABASE_URL": outputs.supabase_url, "SUPABASE_SERVICE_ROLE_KEY": key},
        check=False,
    )  # fmt: skip
    if ended.returncode:
        raise OperationError("The smoke test failed.")
