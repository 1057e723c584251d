"""Who may do what: least roles, and a vault that has the secrets."""

import json
import re

import pytest

from tests.infra.reading import Change, Deployment, Rule, broken, each_deployment, settings

DEPLOYER = "11111111-1111-1111-1111-111111111111"
# Who has which role on what; ids from Microsoft's list of built-in roles.
ROLES = {
    ("app", "pxh", "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"),  # Storage Blob Data Owner
    ("app", "pxh", "974c5e8b-45b9-4653-ba55-5f855dd0fb88"),  # Storage Queue Data Contributor
    ("app", "pxh", "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"),  # Storage Table Data Contributor
    ("app", "pxd", "ba92f5b4-2d11-453d-a403-e96b0029c9fe"),  # Storage Blob Data Contributor
    ("app", "kv-", "4633458b-17de-408a-b874-0445c86b69e6"),  # Key Vault Secrets User
    ("app", "app", "3913510d-42f4-4e42-8a64-420c390055eb"),  # Monitoring Metrics Publisher
    ("deployer", "pxh", "ba92f5b4-2d11-453d-a403-e96b0029c9fe"),
    ("deployer", "kv-", "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"),  # Key Vault Secrets Officer
}


class TestVault:
    @each_deployment
    def test_is_ruled_by_roles_and_cannot_be_purged(self, deployed: Deployment) -> None:
        properties = deployed.one("Microsoft.KeyVault/vaults")
        assert properties["enableRbacAuthorization"] is True
        assert properties["enablePurgeProtection"] is True
        assert properties["enableSoftDelete"] is True
        assert properties["softDeleteRetentionInDays"] == 90

    @each_deployment
    def test_secrets_are_references(self, deployed: Deployment) -> None:
        for site in deployed.sites:
            given = settings(site)
            for secret in deployed.outputs["requiredSecrets"]:
                value = given[secret.replace("-", "_")]
                assert value.startswith("[format('@Microsoft.KeyVault(SecretUri={0}secrets/{1})', ")
                assert value.endswith(f".vaultUri, '{secret}')]")


class TestRoles:
    @each_deployment
    def test_are_these_and_no_others(self, deployed: Deployment) -> None:
        found = set()
        for assignment in deployed.all("Microsoft.Authorization/roleAssignments"):
            properties = assignment["properties"]
            principal = {DEPLOYER: "deployer"}.get(properties["principalId"], "app")
            if principal == "app":
                assert "userAssignedIdentities/id-pixcrawler-" in properties["principalId"]
                assert properties["principalType"] == "ServicePrincipal"
            scope = re.findall(r"/(pxh|pxd|kv-|app)[\w-]+", assignment["id"])[0]
            found.add((principal, scope, properties["roleDefinitionId"].split("/")[-1]))
        assert found == ROLES


@pytest.mark.parametrize(
    ("rule", "breaks"),
    [
        (
            TestRoles().test_are_these_and_no_others,
            lambda r: json.loads(json.dumps(r).replace("b7e6dc6d", "8e3af657")),
        ),
        (
            TestVault().test_secrets_are_references,
            lambda r: json.loads(json.dumps(r).replace("@Microsoft.KeyVault", "plain")),
        ),
    ],
)
def test_a_rule_that_is_broken_is_seen(rule: Rule, breaks: Change) -> None:
    with pytest.raises(AssertionError):
        rule(broken(breaks))
