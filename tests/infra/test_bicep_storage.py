"""Storage accounts: closed to all but the app, what they hold kept and grown cold."""

import pytest

from scripts.devhost.stack.storage import CONTAINERS
from shared.images.repo import StoredImage
from shared.queue_names import QUEUES
from tests.infra.reading import DEPLOYMENTS, PROD, Deployment, each_deployment, settings


class TestStorage:
    @each_deployment
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
    def test_accounts_are_closed(self, deployed: Deployment, setting: str, value: object) -> None:
        assert {name: body[setting] for name, body in deployed.accounts.items()} == {
            "host": value,
            "data": value,
        }

    def test_containers_are_private(self) -> None:
        containers = PROD.all("Microsoft.Storage/storageAccounts/blobServices/containers")
        names = {container["name"].split("/")[-1] for container in containers}
        assert names == {*CONTAINERS, "deployments", "builds"}
        assert {c["properties"]["publicAccess"] for c in containers} == {"None"}

    def test_what_is_deleted_can_be_brought_back(self) -> None:
        services = PROD.all("Microsoft.Storage/storageAccounts/blobServices")
        assert len(services) == 2
        for service in services:
            for policy in ("deleteRetentionPolicy", "containerDeleteRetentionPolicy"):
                kept = service["properties"][policy]
                assert kept["enabled"] is True
                assert kept["days"] >= 7

    @pytest.mark.parametrize(
        ("environment", "later", "archived"),
        [
            ("dev", {"tierToArchive": {"daysAfterLastAccessTimeGreaterThan": 365}}, "365"),
            # Accounts that are zone-redundant, as production's, have no archive tier.
            ("prod", {"tierToCold": {"daysAfterLastAccessTimeGreaterThan": 180}}, "0"),
        ],
    )
    def test_images_grow_cold(
        self, environment: str, later: dict[str, object], archived: str
    ) -> None:
        policies = DEPLOYMENTS[environment].one(
            "Microsoft.Storage/storageAccounts/managementPolicies"
        )
        (rule,) = policies["policy"]["rules"]
        assert rule["definition"]["filters"]["prefixMatch"] == ["pixcrawler/jobs/"]
        assert rule["definition"]["actions"]["baseBlob"] == {
            "tierToCool": {"daysAfterLastAccessTimeGreaterThan": 30},
            "enableAutoTierToHotFromCool": True,
            **later,
        }
        (site,) = DEPLOYMENTS[environment].sites
        assert settings(site)["STORAGE_ARCHIVE_AFTER_DAYS"] == archived

    def test_thumbnails_do_not(self) -> None:
        """Those of images that are archived are still shown."""
        policies = PROD.one("Microsoft.Storage/storageAccounts/managementPolicies")
        image = StoredImage(1, 1, "a" * 64, "jobs/1/images/a.png", None)
        (rule,) = policies["policy"]["rules"]
        (prefix,) = rule["definition"]["filters"]["prefixMatch"]
        assert f"pixcrawler/{image.blob_name}".startswith(prefix)
        assert not f"pixcrawler/{image.thumbnail}".startswith(prefix)

    @each_deployment
    def test_the_app_finds_its_queues(self, deployed: Deployment) -> None:
        queues = deployed.all("Microsoft.Storage/storageAccounts/queueServices/queues")
        names = {queue["name"].split("/")[-1] for queue in queues}
        assert names == {*QUEUES, *(f"{queue}-poison" for queue in QUEUES)}

    def test_productions_data_survives_the_loss_of_a_zone(self) -> None:
        accounts = PROD.all("Microsoft.Storage/storageAccounts")
        assert {account["sku"]["name"] for account in accounts} == {"Standard_ZRS"}

    def test_a_private_network_closes_what_it_says(self) -> None:
        private = DEPLOYMENTS["private-network"]
        for body in (*private.accounts.values(), private.one("Microsoft.KeyVault/vaults")):
            assert body["networkAcls"]["defaultAction"] == "Deny"
            (rule,) = body["networkAcls"]["ipRules"]
            assert rule["value"] == "203.0.113.7"

    @each_deployment
    def test_where_storage_is_closed_downloads_have_a_way(self, deployed: Deployment) -> None:
        closed = deployed.accounts["data"]["networkAcls"]["defaultAction"] == "Deny"
        way = ["STORAGE_DOWNLOAD_URL" in settings(site) for site in deployed.sites]
        assert all(way) if closed else not any(way)
        routes = deployed.all("Microsoft.Cdn/profiles/afdEndpoints/routes")
        assert len(routes) == closed
        for route in routes:
            assert route["properties"]["patternsToMatch"] == ["/pixcrawler/*"]
            assert route["properties"]["supportedProtocols"] == ["Https"]
            assert "cacheConfiguration" not in route["properties"]
