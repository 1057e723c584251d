"""What the Bicep gives the app: every setting, no secret, no more than the database bears."""

from scripts.azure.connections import check_connections
from shared.app.settings.variables import Variable, variables
from shared.platform.observe.telemetry import UNWANTED
from tests.infra.reading import (
    DEPLOYMENTS,
    DURABLE,
    ENVIRONMENTS,
    EVERYTHING,
    PROD,
    Deployment,
    each_deployment,
    settings,
)

# Those of the platform: documented by Microsoft, not settings of ours.
PLATFORM = ("AzureWebJobs", "AzureFunctions", "FUNCTIONS_", "WEBSITE_", "APPLICATIONINSIGHTS_",
            "PYTHON_", "OTEL_", "AZURE_CLIENT_ID")  # fmt: skip


def plain(deployed: Deployment) -> dict[str, str]:
    """The settings whose values are no secrets."""
    return {n: v for n, v in settings(deployed.sites[0]).items() if n not in secrets(deployed)}


def secrets(deployed: Deployment) -> set[str]:
    """The settings that come from the vault."""
    return {name.replace("-", "_") for name in deployed.outputs["requiredSecrets"]}


class TestSettings:
    @each_deployment
    def test_every_variable_is_set_here_or_has_a_default(self, deployed: Deployment) -> None:
        required = {variable.name for variable in variables() if variable.required}
        assert required - set(plain(deployed)) - secrets(deployed) == set()

    @each_deployment
    def test_only_variables_that_exist_are_set(self, deployed: Deployment) -> None:
        known = {name for variable in variables() for name in variable.names}
        ours = {name for name in plain(deployed) if not name.startswith(PLATFORM)}
        assert (ours | secrets(deployed)) - known == set()

    @each_deployment
    def test_what_is_secret_comes_from_the_vault(self, deployed: Deployment) -> None:
        assert not {v.name for v in variables() if v.secret} & set(plain(deployed))

    def test_what_is_chosen_needs_its_secrets(self) -> None:
        assert secrets(DEPLOYMENTS["payments"]) - secrets(PROD) == {
            "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_STARTER_PRICE_ID",
            "STRIPE_PRO_PRICE_ID", "STRIPE_ENTERPRISE_PRICE_ID", "RESEND_API_KEY",
            "FLICKR_API_KEY",
        }  # fmt: skip
        assert secrets(DEPLOYMENTS["redis"]) - secrets(PROD) == {"LIMITER_REDIS_PASSWORD"}
        assert plain(DEPLOYMENTS["redis"])["LIMITER_BACKEND"] == "redis"

    @each_deployment
    def test_storage_and_telemetry_by_identity(self, deployed: Deployment) -> None:
        given = plain(deployed)
        assert given["AzureWebJobsStorage__credential"] == "managedidentity"
        for service in ("blob", "queue", "table"):
            assert f".{service}." in given[f"AzureWebJobsStorage__{service}ServiceUri"]
        assert "Authorization=AAD" in given["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"]
        assert "AzureWebJobsStorage" not in given
        assert given["OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"] == UNWANTED

    @each_deployment
    def test_flex_consumption_is_not_given_what_it_refuses(self, deployed: Deployment) -> None:
        refused = {
            "FUNCTIONS_WORKER_RUNTIME",
            "FUNCTIONS_EXTENSION_VERSION",
            "WEBSITE_RUN_FROM_PACKAGE",
        }
        given = refused & set(plain(deployed))
        assert given == (refused if deployed.outputs["plan"] == "premium" else set())


class TestParameters:
    @each_deployment
    def test_instances_times_pool_fit_the_database(self, deployed: Deployment) -> None:
        out = deployed.outputs
        check_connections(
            out["maximumInstances"], out["poolPerInstance"], out["databaseConnectionLimit"]
        )

    def test_each_environment_knows_its_name(self) -> None:
        names = {"dev": "development", "staging": "staging", "prod": "production"}
        for environment in ENVIRONMENTS:
            given = plain(DEPLOYMENTS[environment])
            assert given["PIXCRAWLER_ENVIRONMENT"] == names[environment]

    @each_deployment
    def test_concurrency_is_that_of_host_json(self, deployed: Deployment) -> None:
        given = plain(deployed)
        most = str(DURABLE["maxConcurrentActivityFunctions"])
        prefix = "AzureFunctionsJobHost__extensions__durableTask__"
        assert given[f"{prefix}maxConcurrentActivityFunctions"] == most
        assert given["CELERY_WORKER_CONCURRENCY"] == most
        chunks = int(most) * deployed.outputs["maximumInstances"]
        assert given["PIXCRAWLER_RESOURCE_MAX_CHUNKS_IN_FLIGHT"] == str(chunks)


def test_everything_sets_what_each_choice_sets() -> None:
    chosen = [DEPLOYMENTS[name] for name in ("payments", "redis", "premium")]
    assert {name for deployed in chosen for name in settings(deployed.sites[0])} <= set(
        settings(EVERYTHING.sites[0])
    )


def test_variables_are_found() -> None:
    found = {v.name: v for v in variables()}
    assert found["DATABASE_URL"] == Variable(("DATABASE_URL",), required=True, secret=True)
    assert found["PORT"].required is False
