"""The alerts as the compiler evaluates them for production, and their runbooks."""

import re
from typing import Any

from tests.infra.reading import DEPLOYMENTS, ROOT, Resource

SUFFIX = "-pixcrawler-prod"
PAGE = ROOT / "docs/operations.md"


def resources(kind: str, variant: str = "prod") -> dict[str, Resource]:
    """The resources of a type by name, without the environment's."""
    found = DEPLOYMENTS[variant].all(f"Microsoft.{kind}")
    return {resource["name"].removesuffix(SUFFIX): resource for resource in found}


def log_alerts() -> dict[str, dict[str, Any]]:
    """The properties of each alert on the logs."""
    return {
        name: rule["properties"] for name, rule in resources("Insights/scheduledQueryRules").items()
    }


def metric_alerts() -> dict[str, dict[str, Any]]:
    """The properties of each alert on a metric of the platform."""
    return {name: rule["properties"] for name, rule in resources("Insights/metricAlerts").items()}


def query_of(rule: dict[str, Any]) -> str:
    """What a log alert asks."""
    return str(rule["criteria"]["allOf"][0]["query"])


def runbooks() -> dict[str, str]:
    """The text of each section of docs/operations.md by its heading."""
    pieces = re.split(r"^### (\S+)\n", PAGE.read_text().partition("## The list")[0], flags=re.M)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))
