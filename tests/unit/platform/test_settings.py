"""Settings: what is missing is named, nothing is shown, the example is complete."""

import json
from pathlib import Path

import pytest
from pydantic import AliasChoices

from shared.platform.settings import ConfigurationError, Settings, get_settings

EXAMPLE = Path(__file__).parents[3] / "local.settings.example.json"
HOST_VALUES = {"FUNCTIONS_WORKER_RUNTIME"}
# In Azure the app's identity takes the place of the connection string.
AZURE_ONLY = {"AzureWebJobsStorage__blobServiceUri", "AzureWebJobsStorage__queueServiceUri"}
REQUIRED = {
    "DATABASE_URL": "postgresql+asyncpg://u:p@h/db",
    "SUPABASE_URL": "https://x.supabase.co",
    "SUPABASE_ANON_KEY": "anon",
    "SUPABASE_SERVICE_ROLE_KEY": "service",
    "AZURE_STORAGE_CONNECTION_STRING": "UseDevelopmentStorage=true",
    "API_KEY_PEPPER": "pepper",
}


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    get_settings.cache_clear()
    for name, field in Settings.model_fields.items():
        for variable in _variables(name, field.validation_alias):
            monkeypatch.delenv(variable, raising=False)


def _variables(name: str, alias: object) -> list[str]:
    return [str(c) for c in alias.choices] if isinstance(alias, AliasChoices) else [name.upper()]


def set_all(monkeypatch: pytest.MonkeyPatch, **changes: str) -> None:
    for name, value in (REQUIRED | changes).items():
        monkeypatch.setenv(name, value)


class TestSettings:
    def test_names_everything_that_is_missing_at_once(self) -> None:
        with pytest.raises(ConfigurationError) as caught:
            get_settings()
        for name in set(REQUIRED) - {"AZURE_STORAGE_CONNECTION_STRING"}:
            assert f"{name}: missing" in str(caught.value)

    def test_never_shows_a_value(self, monkeypatch: pytest.MonkeyPatch) -> None:
        set_all(monkeypatch, DATABASE_POOL_SIZE="s3cret", API_KEY_PEPPER="peppery")
        with pytest.raises(ConfigurationError) as caught:
            get_settings()
        assert "DATABASE_POOL_SIZE" in str(caught.value)
        assert "s3cret" not in str(caught.value)
        assert "peppery" not in str(caught.value)

    def test_accepts_the_earlier_database_url(self, monkeypatch: pytest.MonkeyPatch) -> None:
        set_all(monkeypatch)
        assert get_settings().database_url.get_secret_value() == "postgresql://u:p@h/db"

    def test_needs_storage_one_way_or_the_other(self, monkeypatch: pytest.MonkeyPatch) -> None:
        set_all(monkeypatch)
        monkeypatch.delenv("AZURE_STORAGE_CONNECTION_STRING")
        with pytest.raises(ConfigurationError, match="AZURE_STORAGE_CONNECTION_STRING"):
            get_settings()
        for name in AZURE_ONLY:
            monkeypatch.setenv(name, "https://account.example")
        assert get_settings().azure_storage_connection_string is None

    def test_production_crawls_no_private_address(self, monkeypatch: pytest.MonkeyPatch) -> None:
        set_all(
            monkeypatch, PIXCRAWLER_ENVIRONMENT="production", CRAWL_ALLOWED_HOSTS="127.0.0.1:80"
        )
        with pytest.raises(ConfigurationError, match="CRAWL_ALLOWED_HOSTS"):
            get_settings()

    def test_the_example_has_every_variable_and_no_other(self) -> None:
        known = {
            variables[-1]
            for name, field in Settings.model_fields.items()
            for variables in [_variables(name, field.validation_alias)]
        }
        values = json.loads(EXAMPLE.read_text())["Values"]
        assert set(values) - HOST_VALUES == known - AZURE_ONLY
