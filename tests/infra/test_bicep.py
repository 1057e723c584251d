"""The rules our Bicep keeps: identity instead of keys, least roles, all alerts, all settings."""

import json
import re
from typing import Any

import pytest

from scripts.azure.build import AZURE_PYTHON
from scripts.devhost.stack.storage import CONTAINERS, QUEUES
from tests.infra.reading import (
    FILES,
    INFRA,
    ROOT,
    module,
    parameters,
    parsed,
    resources,
    variable,
    without_comments,
)

STORAGE = dict(resources("Microsoft.Storage/storageAccounts"))
ACCOUNTS = {name: STORAGE[name]["properties"] for name in ("hostAccount", "dataAccount")}
SITES = {name: body for name, body in resources("Microsoft.Web/sites") if name in ("app", "slot")}
DURABLE = json.loads((ROOT / "host.json").read_text())["extensions"]["durableTask"]
ALL_TEXT = "\n".join(without_comments(path) for path in FILES)
ROLES = {
    "appHostBlobs": ("hostAccount", "blobDataOwner"),
    "appHostQueues": ("hostAccount", "queueDataContributor"),
    "appHostTables": ("hostAccount", "tableDataContributor"),
    "appDataBlobs": ("dataAccount", "blobDataContributor"),
    "appSecrets": ("vault", "keyVaultSecretsUser"),
    "appTelemetry": ("insights", "monitoringMetricsPublisher"),
    "deployerBuilds": ("hostAccount", "blobDataContributor"),
    "deployerSecrets": ("vault", "keyVaultSecretsOfficer"),
}
ROLE_IDS = {
    "blobDataOwner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    "blobDataContributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "queueDataContributor": "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    "tableDataContributor": "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
    "keyVaultSecretsUser": "4633458b-17de-408a-b874-0445c86b69e6",
    "keyVaultSecretsOfficer": "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
    "monitoringMetricsPublisher": "3913510d-42f4-4e42-8a64-420c390055eb",
}
QUERY_ALERTS = {
    "error-rate-critical": (1, 5),
    "error-rate-warning": (2, 1),
    "latency-critical": (1, 1000),
    "latency-warning": (2, 500),
    "database-failing": (1, 0),
    "database-slow": (2, 200),
    "limiter-failing": (1, 0),
    "memory-critical": (1, 90),
    "memory-warning": (2, 80),
    "cpu-critical": (1, 90),
    "cpu-warning": (2, 80),
    "queue-depth": (2, 1000),
    "poison-messages": (2, 0),
}


class TestEveryFile:
    def test_parses(self) -> None:
        assert len(FILES) > 10
        for path in FILES:
            assert parsed(path)["globals"]["scope"]["value"] == "resourceGroup", path

    def test_asks_for_no_key(self) -> None:
        assert not re.search(r"list\w*(Keys|Credentials|Secrets)\(|\bkeys\[", ALL_TEXT)
        assert "AccountKey" not in ALL_TEXT

    def test_puts_no_secret_through_parameters_or_outputs(self) -> None:
        for path in FILES:
            names = [*parsed(path).get("parameters", {}), *parsed(path).get("outputs", {})]
            assert not [n for n in names if re.search("(?i)password|token|apiKey|connectionUrl", n)]

    def test_every_suppressed_check_has_a_reason(self) -> None:
        for path in FILES:
            for line in re.findall(r"checkov:skip.*", path.read_text()):
                assert re.fullmatch(r"checkov:skip=CKV2?_AZURE_\d+:.{10,}", line), line


class TestStorage:
    @pytest.mark.parametrize("account", ACCOUNTS)
    @pytest.mark.parametrize(
        ("setting", "value"),
        [
            ("allowSharedKeyAccess", False),
            ("allowBlobPublicAccess", False),
            ("allowCrossTenantReplication", False),
            ("defaultToOAuthAuthentication", True),
            ("minimumTlsVersion", "TLS1_2"),
            ("supportsHttpsTrafficOnly", True),
        ],
    )
    def test_accounts_are_closed(self, account: str, setting: str, value: object) -> None:
        assert ACCOUNTS[account][setting] == value

    def test_containers_are_private(self) -> None:
        containers = dict(resources("Microsoft.Storage/storageAccounts/blobServices/containers"))
        assert {c["name"] for c in containers.values()} == {*CONTAINERS, "deployments", "builds"}
        assert {c["properties"]["publicAccess"] for c in containers.values()} == {"None"}

    @pytest.mark.parametrize("service", ["hostBlobs", "dataBlobs"])
    def test_what_is_deleted_can_be_brought_back(self, service: str) -> None:
        for policy in ("deleteRetentionPolicy", "containerDeleteRetentionPolicy"):
            kept = STORAGE[service]["properties"][policy]
            assert kept["enabled"] is True
            assert kept["days"] >= 7

    def test_images_grow_cold(self) -> None:
        (rule,) = STORAGE["dataLifecycle"]["properties"]["policy"]["rules"]
        assert rule["definition"]["filters"]["prefixMatch"] == ["pixcrawler/jobs/"]
        storage = module("storage")
        assert variable(storage, "toCool")["tierToCool"] == {
            "daysAfterLastAccessTimeGreaterThan": 30
        }
        after = {"daysAfterLastAccessTimeGreaterThan": "archiveAfterDays"}
        assert variable(storage, "toArchive") == {"tierToArchive": after}
        # Accounts that are zone-redundant, as production's, have no archive tier.
        assert variable(storage, "toCold")["tierToCold"] == {
            "daysAfterLastAccessTimeGreaterThan": 180
        }

    def test_the_app_finds_its_queues(self) -> None:
        assert tuple(variable(module("storage"), "queues")) == QUEUES

    def test_production_survives_the_loss_of_a_zone(self) -> None:
        assert parameters(INFRA / "prod.bicepparam")["storageSku"] == "Standard_ZRS"


class TestVault:
    def test_is_ruled_by_roles_and_cannot_be_purged(self) -> None:
        ((_, vault),) = resources("Microsoft.KeyVault/vaults")
        properties = vault["properties"]
        assert properties["enableRbacAuthorization"] is True
        assert properties["enablePurgeProtection"] is True
        assert properties["enableSoftDelete"] is True
        assert properties["softDeleteRetentionInDays"] == 90

    def test_secrets_are_references(self) -> None:
        value = variable(module("functionapp"), "secretList")["config"]["value"]
        assert (
            value
            == "@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/${replace(secret, '_', '-')})"
        )


class TestRoles:
    def test_are_these_and_no_others(self) -> None:
        assert variable(module("roles"), "role") == ROLE_IDS
        found = {
            symbol: (body["scope"], _last_operand(body["properties"]["roleDefinitionId"]))
            for symbol, body in resources("Microsoft.Authorization/roleAssignments")
        }
        assert found == ROLES

    def test_the_apps_go_to_its_identity(self) -> None:
        for symbol, body in resources("Microsoft.Authorization/roleAssignments"):
            owner = "appPrincipalId" if symbol.startswith("app") else "deployerPrincipalId"
            assert body["properties"]["principalId"] == owner


class TestSite:
    @pytest.mark.parametrize("site", SITES)
    def test_is_https_only_and_signs_in_as_its_identity(self, site: str) -> None:
        body = SITES[site]
        assert body["identity"]["type"] == "UserAssigned"
        properties = body["properties"]
        assert properties["httpsOnly"] is True
        assert properties["keyVaultReferenceIdentity"] == "identityId"
        assert properties["siteConfig"]["minTlsVersion"] == "1.2"
        assert properties["siteConfig"]["scmMinTlsVersion"] == "1.2"
        assert properties["siteConfig"]["ftpsState"] == "Disabled"

    def test_nobody_deploys_with_a_password(self) -> None:
        policies = [b for n, b in resources("Microsoft.Web/sites") if n.startswith("no")]
        assert [policy["properties"]["allow"] for policy in policies] == [False, False, False]

    def test_both_plans_run_the_python_of_the_build(self) -> None:
        app = module("functionapp")
        assert variable(app, "pythonVersion") == AZURE_PYTHON
        runtime = {"name": "python", "version": "pythonVersion"}
        assert variable(app, "flexConfig")["runtime"] == runtime
        sites = [body["properties"] for _, body in resources("Microsoft.Web/sites")]
        configs = [site.get("siteConfig", {}) for site in sites]
        versions = [c["linuxFxVersion"] for c in configs if "linuxFxVersion" in c]
        assert len(versions) == 2
        for version in versions:
            chosen = version["operator"]["operands"]
            assert chosen["condition"] == "isFlex"
            assert chosen["false_value"] == "Python|${pythonVersion}"

    def test_flex_reads_its_package_by_identity(self) -> None:
        flex = variable(module("functionapp"), "flexConfig")
        authentication = flex["deployment"]["storage"]["authentication"]
        assert authentication["type"] == "UserAssignedIdentity"
        scale = flex["scaleAndConcurrency"]
        assert scale["maximumInstanceCount"] == "maximumInstances"
        assert scale["triggers"]["http"]["perInstanceConcurrency"] == "httpConcurrency"

    def test_a_slot_does_not_work_for_production(self) -> None:
        slot = variable(module("functionapp"), "slotSettings")
        hub = slot["AzureFunctionsJobHost__extensions__durableTask__hubName"]
        assert hub != DURABLE["hubName"]
        disabled = {key.split(".")[1] for key in slot if key.endswith(".Disabled'")}
        files = [ROOT / "functions/queues.py", ROOT / "functions/timers.py"]
        sources = "".join(path.read_text() for path in files)
        assert disabled == set(re.findall(r"_trigger\((?:.|\n)*?async def (\w+)", sources))


class TestMonitoring:
    def test_every_alert_has_its_threshold(self) -> None:
        rules = variable(module("alerts"), "rules")
        assert {r["name"]: (r["severity"], r["threshold"]) for r in rules} == QUERY_ALERTS

    def test_every_alert_tells_somebody(self) -> None:
        alerts = {**dict(resources("Microsoft.Insights/scheduledQueryRules")),
                  **dict(resources("Microsoft.Insights/metricAlerts"))}  # fmt: skip
        assert set(alerts) == {"queryAlerts", "healthFailing", "availability"}
        for body in alerts.values():
            assert body["properties"]["enabled"] is True
            assert "people" in str(body["properties"]["actions"])

    def test_availability_below_99_percent(self) -> None:
        body = dict(resources("Microsoft.Insights/metricAlerts"))["availability"]
        (criterion,) = body["properties"]["criteria"]["allOf"]
        assert (criterion["operator"], criterion["threshold"]) == ("LessThan", 99)

    def test_health_is_asked_from_outside(self) -> None:
        ((_, test),) = resources("Microsoft.Insights/webtests")
        assert len(test["properties"]["Locations"]) == 5
        assert "/health'" in without_comments(INFRA / "main.bicep")

    def test_gauges_are_called_as_the_app_calls_them(self) -> None:
        queries = (INFRA / "modules/alerts.bicep").read_text()
        used = set(re.findall(r'Name == "(pixcrawler\.[\w.]+)"', queries))
        source = (ROOT / "shared/platform/telemetry.py").read_text()
        assert used == set(re.findall(r'"(pixcrawler\.[\w.]+)"', source))

    def test_every_alert_has_a_runbook(self) -> None:
        runbooks = (ROOT / "docs/operations.md").read_text()
        for alert in (*QUERY_ALERTS, "health-failing", "availability"):
            assert f"### {alert}\n" in runbooks

    def test_without_keys_and_with_logs_of_every_service(self) -> None:
        monitoring = dict(resources("Microsoft.Insights/components"))["insights"]
        assert monitoring["properties"]["DisableLocalAuth"] is True
        logged = {body["scope"] for _, body in resources("Microsoft.Insights/diagnosticSettings")}
        assert logged == {"app", "vault", "hostBlobs", "hostQueues", "dataBlobs"}


class TestFrontend:
    def test_has_security_headers(self) -> None:
        headers = json.loads((INFRA / "staticwebapp.config.json").read_text())["globalHeaders"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert (
            int(re.findall(r"max-age=(\d+)", headers["Strict-Transport-Security"])[0]) >= 31536000
        )


def _last_operand(value: dict[str, Any]) -> str:
    name = value["function"]["parameters"]["resource_name_1"]
    return str(name["operator"]["operands"]["operand_2"])
