"""The app itself and its slot: identity instead of passwords, the Python of the build, zones."""

import json
import re

import pytest

from scripts.azure.build import AZURE_PYTHON
from tests.infra.reading import (
    DEPLOYMENTS,
    DURABLE,
    EVERYTHING,
    PREMIUM,
    PROD,
    ROOT,
    Change,
    Deployment,
    Rule,
    broken,
    each_deployment,
    settings,
)


class TestSite:
    @each_deployment
    def test_is_https_only_and_signs_in_as_its_identity(self, deployed: Deployment) -> None:
        assert deployed.sites
        for site in deployed.sites:
            assert site["identity"]["type"] == "UserAssigned"
            properties = site["properties"]
            assert properties["httpsOnly"] is True
            assert "userAssignedIdentities" in properties["keyVaultReferenceIdentity"]
            assert properties["siteConfig"]["minTlsVersion"] == "1.2"
            assert properties["siteConfig"]["scmMinTlsVersion"] == "1.2"
            if deployed.outputs["plan"] == "premium":  # flex has no FTP, and refuses the word
                assert properties["siteConfig"]["ftpsState"] == "Disabled"

    @each_deployment
    def test_nobody_deploys_with_a_password(self, deployed: Deployment) -> None:
        kind = "basicPublishingCredentialsPolicies"
        policies = [r for r in deployed.resources if r["type"].endswith(kind)]
        assert len(policies) == 2 * len(deployed.sites)
        assert not any(policy["properties"]["allow"] for policy in policies)

    @each_deployment
    def test_both_plans_run_the_python_of_the_build(self, deployed: Deployment) -> None:
        for site in deployed.sites:
            if deployed.outputs["plan"] == "flex":
                runtime = site["properties"]["functionAppConfig"]["runtime"]
                assert runtime == {"name": "python", "version": AZURE_PYTHON}
                assert "linuxFxVersion" not in site["properties"]["siteConfig"]
            else:
                version = site["properties"]["siteConfig"]["linuxFxVersion"]
                assert version == f"Python|{AZURE_PYTHON}"

    def test_flex_reads_its_package_by_identity(self) -> None:
        (site,) = PROD.sites
        flex = site["properties"]["functionAppConfig"]
        authentication = flex["deployment"]["storage"]["authentication"]
        assert authentication["type"] == "UserAssignedIdentity"
        scale = flex["scaleAndConcurrency"]
        assert scale["maximumInstanceCount"] == PROD.outputs["maximumInstances"]
        assert {(warm["name"], warm["instanceCount"]) for warm in scale["alwaysReady"]} == {
            ("http", 1),
            ("durable", 1),
        }

    def test_zones_are_a_choice(self) -> None:
        plans = {name: d.one("Microsoft.Web/serverfarms") for name, d in DEPLOYMENTS.items()}
        redundant = {name for name, plan in plans.items() if plan["zoneRedundant"]}
        assert redundant == {"zone-redundant", "everything"}
        (farm,) = EVERYTHING.all("Microsoft.Web/serverfarms")
        assert farm["sku"]["capacity"] == 2  # what a premium plan over zones has at least

    def test_a_slot_does_not_work_for_production(self) -> None:
        app, slot = (settings(site) for site in PREMIUM.sites)
        only = {name: value for name, value in slot.items() if app.get(name) != value}
        hub = only.pop("AzureFunctionsJobHost__extensions__durableTask__hubName")
        assert hub != DURABLE["hubName"]
        # Else it is cut from the names, which are long enough to be the same then: AZFD0004.
        assert len(only.pop("AzureFunctionsWebHost__hostid")) <= 32
        assert set(only.values()) == {"true"}
        disabled = {name.removeprefix("AzureWebJobs.").removesuffix(".Disabled") for name in only}
        files = [ROOT / "functions/queues.py", ROOT / "functions/timers.py"]
        text = "".join(path.read_text() for path in files)
        assert disabled == set(re.findall(r"_trigger\((?:.|\n)*?async def (\w+)", text))
        sticky = PREMIUM.one("Microsoft.Web/sites/config")["appSettingNames"]
        assert set(sticky) == set(slot) - set(app)


@pytest.mark.parametrize(
    ("rule", "breaks"),
    [
        (
            TestSite().test_nobody_deploys_with_a_password,
            lambda r: json.loads(json.dumps(r).replace('"allow": false', '"allow": true')),
        ),
    ],
)
def test_a_rule_that_is_broken_is_seen(rule: Rule, breaks: Change) -> None:
    with pytest.raises(AssertionError):
        rule(broken(breaks))
