"""What exists in the fake Azure and may be asked for: account, vault, app, telemetry.

Answers have the shape of the real ones, as far as anybody reads them.
"""

from pathlib import Path
from typing import Any

from tests.fakes.az.site import run_zip
from tests.fakes.az.state import STATE, Given, changed, config, fail


def sign_in(_: Given) -> Any:
    with changed() as azure:
        azure["signed_in"] = True
    return [show_account({})]


def show_account(_: Given) -> Any:
    return {"id": "00000000-0000-0000-0000-000000000000", "state": "Enabled", "name": "test"}


def show_user(_: Given) -> Any:
    return {"id": "11111111-1111-1111-1111-111111111111", "userType": "Member"}


def make_group(given: Given) -> Any:
    with changed() as azure:
        azure["groups"] = sorted({*azure["groups"], given["name"]})
    return {"name": given["name"], "location": given["location"]}


def group_exists(given: Given) -> Any:
    return given["name"] in config()["groups"]


def recover_vault(given: Given) -> Any:
    if given["name"] not in config().get("deleted_vaults", ()):
        fail(f"No deleted Vault or HSM was found with name {given['name']}")
    with changed() as azure:
        azure["deleted_vaults"].remove(given["name"])
    return {"name": given["name"]}


def set_secret(given: Given) -> Any:
    value = Path(given["file"]).read_text()
    with changed() as azure:
        azure["secrets"][given["name"]] = value
    return {"name": given["name"], "value": value}


def secrets(given: Given) -> Any:
    vault = given["vault_name"]
    return [
        {"id": f"https://{vault}.vault.azure.net/secrets/{name}", "name": name, "managed": None}
        for name in config()["secrets"]
    ]


def secret(given: Given) -> Any:
    return {"name": given["name"], "value": config()["secrets"][given["name"]]}


def apps(_: Given) -> Any:
    return [{"name": config()["outputs"]["appName"], "state": "Running"}]


def app(given: Given) -> Any:
    return {"name": given["name"], "state": "Running"}


def account(given: Given) -> Any:
    return {"name": given["name"], "statusOfPrimary": "available"}


def caches(_: Given) -> Any:
    return [{"provisioningState": "Succeeded"}]


def settings(_: Given) -> Any:
    package = STATE / "package"
    value = package.read_text() if package.exists() else ""
    return [{"name": "WEBSITE_RUN_FROM_PACKAGE", "value": value, "slotSetting": False}]


def set_setting(given: Given) -> Any:
    name, _, url = given["settings"].partition("=")
    if name != "WEBSITE_RUN_FROM_PACKAGE":
        return []
    (STATE / ("slot-package" if given["slot"] else "package")).write_text(url)
    run_zip(STATE / "blobs" / url.split("//")[1].replace(".blob.core.windows.net", ""))
    return []


def swap(_: Given) -> None:
    (STATE / "slot-package").rename(STATE / "package")


def config_zip(given: Given) -> Any:
    run_zip(Path(given["src"]))
    return {"active": True, "complete": True, "status": 4, "deployer": "az_cli_functions"}


def workspaces(given: Given) -> Any:
    return [{"customerId": customer, "name": f"log-{given['resource_group']}"}
            for customer in config()["workspaces"]]  # fmt: skip


def query(given: Given) -> Any:
    """One row with the figure of the first word that the query contains; values are strings."""
    text = given["analytics_query"]
    value = next((value for part, value in config()["figures"] if part in text), None)
    return [] if value is None else [{"TableName": "PrimaryResult", "value": value}]
