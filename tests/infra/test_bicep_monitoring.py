"""What is watched: alerts with the thresholds asked for, health from outside, every log."""

import re

from tests.infra.reading import PROD, Deployment, each_deployment

# What the founding documents ask to be told of: severity, threshold.
QUERY_ALERTS = {
    "error-rate-critical": (1, 5),
    "error-rate-warning": (2, 1),
    "latency-critical": (1, 1000),
    "latency-warning": (2, 500),
    "database-failing": (1, 1),
    "limiter-failing": (1, 1),
    "database-slow": (2, 200),
    "memory-critical": (1, 90),
    "memory-warning": (2, 80),
    "cpu-critical": (1, 90),
    "cpu-warning": (2, 80),
    "queue-depth": (2, 1000),
    "poison-messages": (2, 0),
}


class TestMonitoring:
    def test_every_alert_has_its_threshold(self) -> None:
        found = {}
        for rule in PROD.all("Microsoft.Insights/scheduledQueryRules"):
            (criterion,) = rule["properties"]["criteria"]["allOf"]
            name = rule["name"].removesuffix("-pixcrawler-prod")
            found[name] = (rule["properties"]["severity"], criterion["threshold"])
        assert found.items() >= QUERY_ALERTS.items()

    def test_availability_below_99_percent(self) -> None:
        (alert,) = [
            r
            for r in PROD.all("Microsoft.Insights/metricAlerts")
            if r["name"].startswith("availability-")
        ]
        (criterion,) = alert["properties"]["criteria"]["allOf"]
        assert (criterion["operator"], criterion["threshold"]) == ("LessThan", 99)

    @each_deployment
    def test_health_is_asked_from_outside(self, deployed: Deployment) -> None:
        test = deployed.one("Microsoft.Insights/webtests")
        assert len(test["Locations"]) == 5
        assert test["Request"]["RequestUrl"].startswith("[format('https://{0}/health', ")

    @each_deployment
    def test_without_keys_and_with_logs_of_every_service(self, deployed: Deployment) -> None:
        assert deployed.one("Microsoft.Insights/components")["DisableLocalAuth"] is True
        logged = deployed.all("Microsoft.Insights/diagnosticSettings")
        scopes = [setting["id"].split("/providers/")[1] for setting in logged]
        assert sorted(
            "/".join(re.sub(r"[\w-]*\d[\w-]*", "…", s).split("/")[1:]) for s in scopes
        ) == [
            "sites/…",
            "storageAccounts/…/blobServices/default",
            "storageAccounts/…/blobServices/default",
            "storageAccounts/…/queueServices/default",
            "vaults/…",
        ]
