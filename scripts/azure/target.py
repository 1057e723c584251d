"""One deployment of ours: where it is, and what Bicep made of it."""

import json
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from scripts.azure import OperationError
from scripts.azure.az import Container, Vault, az_json
from scripts.azure.builds import Builds
from scripts.azure.processes import ROOT

ENVIRONMENTS: Final = ("dev", "staging", "prod")
DEPLOYMENT: Final = "pixcrawler"
# Makes nothing but the outputs of the last one that succeeded. That one has none any more while it
# is repeated, nor when that failed: just then somebody wants to go back.
SUCCEEDED: Final = "pixcrawler-succeeded"
SCHEMA: Final = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


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
    def builds(self) -> Builds:
        """Where its builds are kept."""
        return Builds(Container(self.host_account_name, self.build_container))

    @property
    def vault(self) -> Vault:
        """Where its secrets are kept."""
        return Vault(self.vault_name)


def resource_group(environment: str) -> str:
    """The resource group of an environment."""
    return os.environ.get("PIXCRAWLER_RESOURCE_GROUP", "").strip() or f"pixcrawler-{environment}"


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
    return Outputs.of(answer["properties"]["outputs"] or {})  # none while they are written


def keep_outputs(group: str, outputs: dict[str, Any]) -> None:
    """Has ``read_outputs`` return these."""
    template = {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": [], "outputs": outputs}
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "outputs.json"
        path.write_text(json.dumps(template))
        az_json("deployment", "group", "create", "--resource-group", group, "--name", SUCCEEDED,
                "--template-file", str(path))  # fmt: skip


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
