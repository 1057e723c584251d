"""What would be deployed, whatever it is: names that are allowed, marks for its cost, no keys."""

import json
import re

import pytest

from scripts.azure.compiled import INFRA, sources
from tests.infra.reading import (
    DEPLOYMENTS,
    ENVIRONMENTS,
    EVERYTHING,
    PROD,
    Change,
    Deployment,
    Rule,
    broken,
    each_deployment,
)

# Least length, greatest length, letters: the resource providers' rules for names.
NAMES = {
    "Microsoft.Storage/storageAccounts": (3, 24, "[a-z0-9]+"),
    "Microsoft.KeyVault/vaults": (3, 24, "[a-z][a-z0-9-]*[a-z0-9]"),
    # 60 characters on its own; 40 leave room for a slot's host name of 63.
    "Microsoft.Web/sites": (2, 40, "[a-z0-9][a-z0-9-]*[a-z0-9]"),
    "Microsoft.ManagedIdentity/userAssignedIdentities": (3, 128, "[a-z0-9-]+"),
    "Microsoft.OperationalInsights/workspaces": (4, 63, "[a-z0-9][a-z0-9-]*[a-z0-9]"),
    "Microsoft.Cache/redisEnterprise": (1, 60, "[a-z0-9][a-z0-9-]*[a-z0-9]"),
}


class TestEveryDeployment:
    @each_deployment
    def test_names_are_allowed(self, deployed: Deployment) -> None:
        for resource in deployed.resources:
            least, most, letters = NAMES.get(resource["type"], (1, 260, ".+"))
            assert least <= len(resource["name"]) <= most or "[" in resource["name"]
            assert re.fullmatch(letters, resource["name"]), resource["name"]

    @each_deployment
    def test_is_marked_for_cost_reports(self, deployed: Deployment) -> None:
        for resource in deployed.resources:
            if "tags" in resource:
                assert resource["tags"].items() >= {"application": "pixcrawler"}.items()
                assert resource["tags"]["environment"] in ENVIRONMENTS

    @each_deployment
    def test_asks_for_no_key(self, deployed: Deployment) -> None:
        text = json.dumps(deployed.resources)
        assert not re.search(r"list\w*(Keys|Credentials|Secrets)\(", text, re.IGNORECASE)
        assert "AccountKey" not in text

    def test_the_frontend_is_a_choice(self) -> None:
        having = {n for n, d in DEPLOYMENTS.items() if d.all("Microsoft.Web/staticSites")}
        assert having == set(DEPLOYMENTS) - {"dev", "staging"}

    def test_every_suppressed_check_has_a_reason(self) -> None:
        for path in sources():
            for line in re.findall(r"#disable-next-line.*", path.read_text()):
                assert re.fullmatch(r"#disable-next-line [\w-]+ // .{10,}", line), line


class TestBudget:
    def test_starts_when_it_is_told_to(self) -> None:
        assert not PROD.all("Microsoft.Consumption/budgets")
        assert EVERYTHING.one("Microsoft.Consumption/budgets")["timePeriod"] == {
            "startDate": "2026-01-01"
        }


class TestFrontend:
    def test_has_security_headers(self) -> None:
        headers = json.loads((INFRA / "staticwebapp.config.json").read_text())["globalHeaders"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert (
            int(re.findall(r"max-age=(\d+)", headers["Strict-Transport-Security"])[0]) >= 31536000
        )


@pytest.mark.parametrize(
    ("rule", "breaks"),
    [
        (TestEveryDeployment().test_names_are_allowed, lambda r: r | {"name": "x" * 300}),
        (TestEveryDeployment().test_asks_for_no_key, lambda r: r | {"x": "[listKeys('a', 'b')]"}),
        (
            TestEveryDeployment().test_is_marked_for_cost_reports,
            lambda r: r | {"tags": {"environment": "prod"}},
        ),
    ],
)
def test_a_rule_that_is_broken_is_seen(rule: Rule, breaks: Change) -> None:
    with pytest.raises(AssertionError):
        rule(broken(breaks))
