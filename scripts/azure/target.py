"""One deployment of ours: what Bicep made of it, and what is known of its builds."""

import json
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from scripts.azure import OperationError
from scripts.azure.az import Container, Vault, az_json
from scripts.azure.processes import ROOT

ENVIRONMENTS: Final = ("dev", "staging", "prod")
DEPLOYMENT: Final = "pixcrawler"
# Makes nothing but the outputs of the last one that succeeded. That one has none any more while it
# is repeated, nor when that failed: just then somebody wants to go back.
SUCCEEDED: Final = "pixcrawler-succeeded"
SCHEMA: Final = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
HISTORY: Final = "deployed.json"
KEPT: Final = 10


@dataclass(frozen=True)
class Outputs:
    """The outputs of main.bicep that the scripts need."""

    app_name: str
    app_url: str
    plan: str
    slot_url: str
    host_account_name: str
    build_container: str
    vault_name: str
    required_secrets: tuple[str, ...]
    maximum_instances: int
    pool_per_instance: int
    database_connection_limit: int
    supabase_url: str

    @classmethod
    def of(cls, outputs: dict[str, Any]) -> "Outputs":
        """The outputs as ``az deployment group create`` prints them."""
        values = {_snake(name): output["value"] for name, output in outputs.items()}
        try:
            fields = {name: values[name] for name in cls.__dataclass_fields__}
        except KeyError as error:
            raise OperationError(
                f"The deployment has no output {error}: it was made by another version. "
                "Run deploy.sh first."
            ) from None
        return cls(**fields | {"required_secrets": tuple(fields["required_secrets"])})

    @property
    def builds(self) -> "Builds":
        """Where its builds are kept."""
        return Builds(Container(self.host_account_name, self.build_container))

    @property
    def vault(self) -> Vault:
        """Where its secrets are kept."""
        return Vault(self.vault_name)


def resource_group(environment: str) -> str:
    """The resource group of an environment."""
    return os.environ.get("PIXCRAWLER_RESOURCE_GROUP") or f"pixcrawler-{environment}"


def parameters_file(environment: str) -> Path:
    """The environment's Bicep parameters."""
    return ROOT / "infra" / f"{environment}.bicepparam"


def read_outputs(group: str) -> Outputs:
    """What the last deployment that succeeded said.

    Raises:
        OperationError: none did, or Azure does not tell.
    """
    try:
        answer = az_json(
            "deployment", "group", "show", "--resource-group", group, "--name", SUCCEEDED
        )
    except OperationError as error:
        if "DeploymentNotFound" not in str(error):
            raise
        raise OperationError(
            f"No provisioning of {group} has succeeded: deploy.sh, with --infra-only if the app is "
            "to stay as it is."
        ) from None
    return Outputs.of(answer["properties"]["outputs"])


def keep_outputs(group: str, outputs: dict[str, Any]) -> None:
    """Has ``read_outputs`` return these."""
    template = {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": [], "outputs": outputs}
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "outputs.json"
        path.write_text(json.dumps(template))
        az_json("deployment", "group", "create", "--resource-group", group, "--name", SUCCEEDED,
                "--template-file", str(path))  # fmt: skip


class Builds:
    """The zips of the last builds by commit, and which were deployed, the newest last."""

    def __init__(self, container: Container) -> None:
        self._container = container

    def deployed(self) -> list[str]:
        """The commits that were deployed and passed their smoke test."""
        return list(self._history()["commits"])

    def untried(self) -> str | None:
        """The commit that was being put into service when that ended without success."""
        return self._history().get("untried")

    def _history(self) -> dict[str, Any]:
        if HISTORY not in self._container.names():
            return {"commits": []}
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / HISTORY
            self._container.download(HISTORY, path)
            return dict(json.loads(path.read_text()))

    def available(self) -> set[str]:
        """The commits whose zips are kept."""
        return {name.removesuffix(".zip") for name in self._container.names() if name != HISTORY}

    def keep(self, path: Path, commit: str) -> None:
        """Stores the zip of a commit."""
        self._container.upload(path, f"{commit}.zip")

    def fetch(self, commit: str, path: Path) -> None:
        """Gets the zip of a commit."""
        self._container.download(f"{commit}.zip", path)

    def record(self, commits: list[str], untried: str | None = None) -> None:
        """Remembers what was deployed, and what is being put into service."""
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / HISTORY
            path.write_text(json.dumps({"commits": commits[-KEPT:], "untried": untried}))
            self._container.upload(path, HISTORY)

    def prune(self) -> None:
        """Removes the zips of builds that failed, or are older than the last ten."""
        for commit in self.available() - set(self.deployed()):
            self._container.delete(f"{commit}.zip")

    def find(self, commit: str) -> str:
        """The full id of a kept commit that begins with ``commit``."""
        found = [name for name in self.available() if name.startswith(commit)]
        if not commit or len(found) != 1:
            kept = ", ".join(sorted(name[:12] for name in self.available())) or "none"
            raise OperationError(f"There is not one kept build {commit!r}. Kept: {kept}.")
        return found[0]


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
