"""What the Bicep gives the app: every setting, no secret, no more than the database bears."""

import json
from typing import Any

import pytest

from shared.platform.settings.variables import Variable, variables
from shared.platform.telemetry import UNWANTED
from tests.infra.reading import INFRA, PARAMETERS, ROOT, module, parameters, parsed, variable

DURABLE = json.loads((ROOT / "host.json").read_text())["extensions"]["durableTask"]


class TestSettings:
    def test_every_variable_is_set_here_or_has_a_default(self) -> None:
        unset = {v.name for v in variables() if v.required} - _plain_settings() - _secrets()
        assert unset == set()

    def test_only_variables_that_exist_are_set(self) -> None:
        known = {name for v in variables() for name in v.names}
        app = set(variable(module("functionapp"), "appSettings"))
        assert (app | _secrets()) - known == set()

    def test_what_is_secret_comes_from_the_vault(self) -> None:
        assert not {v.name for v in variables() if v.secret} & _plain_settings()

    def test_storage_and_telemetry_by_identity(self) -> None:
        platform = variable(module("functionapp"), "platformSettings")
        assert platform["AzureWebJobsStorage__credential"] == "managedidentity"
        for service in ("blob", "queue", "table"):
            assert f"AzureWebJobsStorage__{service}ServiceUri" in platform
        assert "Authorization=AAD" in platform["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"]
        assert "AzureWebJobsStorage" not in platform
        assert platform["OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"] == UNWANTED

    def test_flex_consumption_is_not_given_what_it_refuses(self) -> None:
        refused = {
            "FUNCTIONS_WORKER_RUNTIME",
            "FUNCTIONS_EXTENSION_VERSION",
            "WEBSITE_RUN_FROM_PACKAGE",
        }
        assert not refused & _plain_settings()


class TestParameters:
    @pytest.mark.parametrize("path", PARAMETERS, ids=lambda path: path.stem)
    def test_instances_times_pool_fit_the_database(self, path: Any) -> None:
        given = parameters(path)
        pool = given["databasePoolSize"] + given["databaseMaxOverflow"]
        assert given["maximumInstances"] * pool <= given["databaseConnectionLimit"]

    def test_there_is_one_file_per_environment(self) -> None:
        assert [path.stem for path in PARAMETERS] == ["dev", "prod", "staging"]
        for path in PARAMETERS:
            assert parameters(path)["environmentName"] == path.stem

    def test_concurrency_is_that_of_host_json(self) -> None:
        default = parsed(INFRA / "main.bicep")["parameters"]["activityConcurrency"]["default"]
        assert DURABLE["maxConcurrentActivityFunctions"] == default


def _plain_settings() -> set[str]:
    app = module("functionapp")
    return {*variable(app, "appSettings"), *variable(app, "platformSettings")}


def _secrets() -> set[str]:
    app = module("functionapp")
    names = ("alwaysSecret", "paymentSecrets", "emailSecrets", "redisSecrets")
    return {secret for name in names for secret in variable(app, name)}


def test_variables_are_found() -> None:
    found = {v.name: v for v in variables()}
    assert found["DATABASE_URL"] == Variable(("DATABASE_URL",), required=True, secret=True)
    assert found["PORT"].required is False
