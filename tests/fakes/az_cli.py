"""A stand-in for the Azure CLI: knows our commands and their options, records every call.

Run as a program with FAKE_AZ_STATE naming a directory. `azure.json` there says what exists; blobs
are files; a deployed zip is served by the local host, as the platform does it: unpacked, its own
packages only, the old process killed at once, the new one started without being waited for.
Answers have the shape of the real ones, as far as anybody reads them.
"""

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
STATE = Path(os.environ["FAKE_AZ_STATE"])
PACKAGES = ".python_packages/lib/site-packages"
Given = dict[str, Any]


def config() -> dict[str, Any]:
    return dict(json.loads((STATE / "azure.json").read_text()))


def note(**fields: object) -> None:
    with (STATE / "calls.jsonl").open("a") as calls:
        calls.write(json.dumps({"time": time.time(), **fields}) + "\n")


def show_account(_: Given) -> Any:
    if not config()["signed_in"]:
        fail("Please run 'az login' to setup account.")
    return {"id": "00000000-0000-0000-0000-000000000000", "state": "Enabled", "name": "test"}


def deployment(_: Given) -> Any:
    outputs = {
        name: {"type": type(value).__name__, "value": value}
        for name, value in config()["outputs"].items()
    }
    return {
        "name": "pixcrawler",
        "properties": {"provisioningState": "Succeeded", "outputs": outputs},
    }


def what_if(given: Given) -> str:
    return f"Resource and property changes: {given['resource_group']}: 3 to create."


def secrets(given: Given) -> Any:
    vault = given["vault_name"]
    return [
        {"id": f"https://{vault}.vault.azure.net/secrets/{name}", "name": name, "managed": None}
        for name in config()["secrets"]
    ]


def secret(given: Given) -> Any:
    return {"name": given["name"], "value": config()["secrets"][given["name"]]}


def blob_path(given: Given) -> Path:
    container = STATE / "blobs" / str(given["account_name"]) / str(given["container_name"])
    path = container / str(given["name"])
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def list_blobs(given: Given) -> Any:
    container = blob_path(given)
    found = sorted(container.iterdir()) if container.exists() else []
    return [{"name": path.name, "properties": {"blobType": "BlockBlob"}} for path in found]


def upload(given: Given) -> Any:
    shutil.copyfile(given["file"], blob_path(given))
    return {"etag": '"0x8D"', "lastModified": "2026-01-01T00:00:00+00:00"}


def download(given: Given) -> Any:
    if not blob_path(given).exists():
        fail("The specified blob does not exist. ErrorCode:BlobNotFound")
    shutil.copyfile(blob_path(given), given["file"])
    return {"name": given["name"]}


def delete_blob(given: Given) -> Any:
    blob_path(given).unlink()
    return None


def apps(_: Given) -> Any:
    return [{"name": config()["outputs"]["appName"], "state": "Running"}]


def settings(_: Given) -> Any:
    package = STATE / "package"
    value = package.read_text() if package.exists() else ""
    return [{"name": "WEBSITE_RUN_FROM_PACKAGE", "value": value, "slotSetting": False}]


def set_setting(given: Given) -> Any:
    _, _, url = given["settings"].partition("=")
    (STATE / ("slot-package" if given["slot"] else "package")).write_text(url)
    run_zip(STATE / "blobs" / url.split("//")[1].replace(".blob.core.windows.net", ""))
    return []


def swap(_: Given) -> None:
    (STATE / "slot-package").rename(STATE / "package")


def config_zip(given: Given) -> Any:
    run_zip(Path(given["src"]))
    return {"active": True, "complete": True, "status": 4, "deployer": "az_cli_functions"}


def run_zip(package: Path) -> None:
    """Replaces what runs: the old host and its workers die with whatever they were doing."""
    site = STATE / f"site-{time.time_ns()}"
    pid = STATE / "site.pid"
    if pid.exists():
        with suppress(ProcessLookupError):
            os.killpg(int(pid.read_text()), signal.SIGKILL)
    unpack(package, site)
    command = [sys.executable, "-m", "scripts.devhost", "--app", str(site)]
    options = ["--state", str(STATE / "hub"), "--port", str(config()["port"])]
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(site / PACKAGES), config()["beside"]]),
        "languageWorkers__python__defaultExecutablePath": config()["python"],
        **config()["settings"],
    }
    with (STATE / "site.log").open("ab") as log:
        host = subprocess.Popen(
            [*command, *options], cwd=ROOT, env=environment, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    pid.write_text(str(host.pid))


def unpack(package: Path, site: Path) -> None:
    """Packages that were unpacked before are linked to: they are thousands of files."""
    with zipfile.ZipFile(package) as files:
        entries = files.infolist()
        packages = [entry for entry in entries if entry.filename.startswith(PACKAGES)]
        files.extractall(
            site, [entry for entry in entries if not entry.filename.startswith(PACKAGES)]
        )
        identity = repr([(entry.filename, entry.CRC) for entry in packages])
        kept = Path(config()["unpacked"]) / hashlib.sha256(identity.encode()).hexdigest()[:16]
        if not kept.exists():
            files.extractall(kept.with_suffix(".new"), packages)
            kept.with_suffix(".new").rename(kept)
    (site / ".python_packages").symlink_to(kept / ".python_packages")
    (STATE / "site").unlink(missing_ok=True)
    (STATE / "site").symlink_to(site)


def workspaces(given: Given) -> Any:
    return [{"customerId": customer, "name": f"log-{given['resource_group']}"}
            for customer in config()["workspaces"]]  # fmt: skip


def query(given: Given) -> Any:
    """One row with the figure of the first word that the query contains; values are strings."""
    text = given["analytics_query"]
    value = next((value for part, value in config()["figures"] if part in text), None)
    return [] if value is None else [{"TableName": "PrimaryResult", "value": value}]


APP = ("--resource-group", "--name")
BLOB = ("--container-name", "--account-name", "--auth-mode")
TEMPLATE = ("--resource-group", "--name", "--template-file", "--parameters")
COMMANDS: dict[str, tuple[Callable[[Given], Any], tuple[str, ...]]] = {
    "account show": (show_account, ()),
    "group exists": (lambda given: given["name"] in config()["groups"], ("--name",)),
    "deployment group what-if": (what_if, TEMPLATE),
    "deployment group create": (deployment, TEMPLATE),
    "deployment group show": (deployment, APP),
    "keyvault secret list": (secrets, ("--vault-name",)),
    "keyvault secret show": (secret, ("--vault-name", "--name")),
    "storage blob list": (list_blobs, (*BLOB, "--num-results")),
    "storage blob upload": (upload, (*BLOB, "--name", "--file")),
    "storage blob download": (download, (*BLOB, "--name", "--file")),
    "storage blob delete": (delete_blob, (*BLOB, "--name")),
    "monitor log-analytics workspace list": (workspaces, ("--resource-group",)),
    "monitor log-analytics query": (query, ("--workspace", "--analytics-query", "--timespan")),
    "functionapp list": (apps, ("--resource-group",)),
    "functionapp config appsettings list": (settings, APP),
    "functionapp config appsettings set": (set_setting, (*APP, "--slot", "--settings")),
    "functionapp restart": (lambda given: None, (*APP, "--slot")),
    "functionapp deployment source config-zip": (config_zip, (*APP, "--src")),
    "functionapp deployment slot swap": (swap, (*APP, "--slot")),
}
FLAGS = {"storage blob upload": ("--overwrite", "--no-progress"),
         "storage blob download": ("--no-progress",)}  # fmt: skip


def fail(message: str, code: int = 1) -> None:
    sys.stderr.write(f"ERROR: {message}\n")
    sys.exit(code)


def main(arguments: list[str]) -> None:
    words = [word for word in arguments[:4] if not word.startswith("-")]
    name = next((n for i in range(len(words), 0, -1) if (n := " ".join(words[:i])) in COMMANDS), "")
    if not name:
        fail(f"{arguments} is misspelled or not recognized by the system.", 2)
    note(command=name, arguments=arguments)
    perform, options = COMMANDS[name]
    parser = argparse.ArgumentParser(prog=f"az {name}", allow_abbrev=False)
    for option in options:
        action = "append" if option == "--parameters" else "store"
        optional = option == "--slot" or (option == "--name" and "blob" not in name)
        parser.add_argument(option, required=not optional, action=action)
    for flag in FLAGS.get(name, ()):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("--output", choices=("json", "tsv"))
    given = vars(parser.parse_args(arguments[len(name.split()) :]))
    if name == "storage blob list":
        given["name"] = ""
    answer = perform(given)
    if answer is not None:
        sys.stdout.write(answer if isinstance(answer, str) else json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1:])
