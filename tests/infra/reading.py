"""What each deployment would consist of, as the Bicep compiler evaluated it: infra/compiled/."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scripts.azure.compiled import COMPILED, INFRA, parameter_files

ROOT = INFRA.parent
Resource = dict[str, Any]
Change = Callable[[Resource], Any]


@dataclass(frozen=True)
class Deployment:
    """An environment, or a variant of production."""

    name: str
    resources: tuple[Resource, ...]
    outputs: dict[str, Any]

    def all(self, kind: str) -> list[Resource]:
        """Its resources of a type, e.g. ``Microsoft.Web/sites``."""
        return [resource for resource in self.resources if resource["type"] == kind]

    def one(self, kind: str) -> Any:
        """The properties of its only resource of a type."""
        (resource,) = self.all(kind)
        return resource["properties"]

    @property
    def accounts(self) -> dict[str, Any]:
        """The properties of the storage accounts: ``host`` and ``data``."""
        kinds = {"pxh": "host", "pxd": "data"}
        accounts = self.all("Microsoft.Storage/storageAccounts")
        return {kinds[account["name"][:3]]: account["properties"] for account in accounts}

    @property
    def sites(self) -> list[Resource]:
        """The app and, on premium, its slot."""
        return [r for kind in ("sites", "sites/slots") for r in self.all(f"Microsoft.Web/{kind}")]


Rule = Callable[[Deployment], None]


def settings(site: Resource) -> dict[str, str]:
    """The application settings of a site."""
    return {item["name"]: item["value"] for item in site["properties"]["siteConfig"]["appSettings"]}


def _read(file: Path) -> Deployment:
    compiled = json.loads((INFRA / COMPILED / f"{file.stem}.json").read_text())
    return Deployment(file.stem, tuple(compiled["predictedResources"]), compiled["outputs"])


ENVIRONMENTS = ("dev", "staging", "prod")
DEPLOYMENTS = {file.stem: _read(file) for file in parameter_files()}
PROD = DEPLOYMENTS["prod"]
PREMIUM = DEPLOYMENTS["premium"]
EVERYTHING = DEPLOYMENTS["everything"]
DURABLE = json.loads((ROOT / "host.json").read_text())["extensions"]["durableTask"]
each_deployment = pytest.mark.parametrize("deployed", DEPLOYMENTS.values(), ids=DEPLOYMENTS)


def broken(change: Change) -> Deployment:
    """Production with each resource changed: what a rule must refuse."""
    return Deployment("broken", tuple(map(change, PROD.resources)), PROD.outputs)
