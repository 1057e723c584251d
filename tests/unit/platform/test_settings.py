"""Settings: what is wrong is named, nothing is shown, the examples are complete."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from psycopg.conninfo import conninfo_to_dict
from pydantic import AliasChoices, BaseModel
from pydantic.fields import FieldInfo

from shared.app.settings import ConfigurationError, Settings, get_settings
from shared.app.settings.idle import ACTIVITIES, idle_settings
from shared.crawl.settings import SETTLE_SECONDS
from shared.platform.durable import FUNCTION_TIMEOUT_SECONDS

ROOT = Path(__file__).parents[3]
HOST_VALUES = {"FUNCTIONS_WORKER_RUNTIME", "AzureWebJobsStorage"}
# In Azure the app's identity takes the place of the connection string.
AZURE_ONLY = {"STORAGE_AZURE_BLOB_SERVICE_URI", "AzureWebJobsStorage__queueServiceUri"}
REQUIRED = {
    "DATABASE_URL": "postgresql+asyncpg://u:p@h/db",
    "SUPABASE_URL": "https://x.supabase.co",
    "SUPABASE_ANON_KEY": "anon",
    "SUPABASE_SERVICE_ROLE_KEY": "service",
    "AZURE_STORAGE_CONNECTION_STRING": "UseDevelopmentStorage=true",
    "API_KEY_PEPPER": "pepper",
}


def names_of(name: str, field: FieldInfo) -> list[str]:
    alias = field.validation_alias
    return [str(c) for c in alias.choices] if isinstance(alias, AliasChoices) else [name.upper()]


def variables(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[list[str]]:
    """All names of every setting, the one to use first."""
    for name, field in model.model_fields.items():
        names = [prefix + each for each in names_of(name, field)]
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from variables(field.annotation, names[0] + "__")
        else:
            yield names


KNOWN = {names[0] for names in variables()}


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    get_settings.cache_clear()
    for names in variables():
        for name in names:
            monkeypatch.delenv(name, raising=False)
    yield
    get_settings.cache_clear()


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

    @pytest.mark.parametrize(
        "url",
        ["postgresql://u:pa:[ss]!@h:5432/d?sslmode=require", "postgres://u:p%40ss@h,h2:1/d",
         "postgresql:///d?host=%2Ftmp", "postgresql+asyncpg://u:p@h/d"],
    )  # fmt: skip
    def test_accepts_what_libpq_takes_apart_alike(
        self, monkeypatch: pytest.MonkeyPatch, url: str
    ) -> None:
        set_all(monkeypatch, DATABASE_URL=url)
        found = get_settings().database_url.get_secret_value()
        assert conninfo_to_dict(found)["dbname"] == "d"

    @pytest.mark.parametrize(
        "url",
        ["s3cret", "postgresql//u:s3cret@h/d", "mysql://u:s3cret@h/d", "postgresql://u:s3 cret@h/d",
         "postgresql://u:s3c%ret@h/d", "postgresql://u:s3c@ret@h/d", "postgresql://u:s3c/ret@h/d",
         "postgresql://u:s3c#ret@h/d", "postgresql://u:s3c?ret@h/d", " postgresql://u:s3cret@h/d"],
    )  # fmt: skip
    def test_refuses_another_url_before_its_pieces_stand_in_an_error(
        self, monkeypatch: pytest.MonkeyPatch, url: str
    ) -> None:
        set_all(monkeypatch, DATABASE_URL=url)
        with pytest.raises(ConfigurationError, match="DATABASE_URL: must be postgresql:") as error:
            get_settings()
        assert "s3c" not in str(error.value)

    def test_needs_storage_one_way_or_the_other(self, monkeypatch: pytest.MonkeyPatch) -> None:
        set_all(monkeypatch)
        monkeypatch.delenv("AZURE_STORAGE_CONNECTION_STRING")
        with pytest.raises(ConfigurationError, match="AZURE_STORAGE_CONNECTION_STRING"):
            get_settings()
        for name in AZURE_ONLY:
            monkeypatch.setenv(name, "https://account.example")
        assert get_settings().azure_storage_connection_string is None

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("DEBUG", "true"),
            ("ALLOWED_ORIGINS", "https://app.example.com, *"),
            ("STORAGE_PROVIDER", "local"),
            ("CRAWL_ALLOWED_HOSTS", "127.0.0.1:80"),
            ("LIMITER_BACKEND", "memory"),
        ],
    )
    def test_production_refuses(
        self, monkeypatch: pytest.MonkeyPatch, name: str, value: str
    ) -> None:
        set_all(monkeypatch, **{name: value})
        get_settings()
        get_settings.cache_clear()
        monkeypatch.setenv("PIXCRAWLER_ENVIRONMENT", "production")
        with pytest.raises(ConfigurationError, match=f"{name}: .*not allowed in production"):
            get_settings()

    def test_production_names_all_that_it_refuses(self, monkeypatch: pytest.MonkeyPatch) -> None:
        set_all(monkeypatch, PIXCRAWLER_ENVIRONMENT="production", DEBUG="1", PORT="0")
        monkeypatch.delenv("API_KEY_PEPPER")
        with pytest.raises(ConfigurationError) as caught:
            get_settings()
        for name in ("DEBUG", "PORT", "API_KEY_PEPPER: missing"):
            assert name in str(caught.value)

    @pytest.mark.parametrize(
        ("changes", "named"),
        [
            ({"CACHE_REDIS_DB": "1"}, "CACHE_REDIS_DB"),
            ({"STRIPE_SECRET_KEY": "sk"}, "STRIPE_WEBHOOK_SECRET"),
            ({"RESEND_API_KEY": "re"}, "FROM_EMAIL"),
            ({"SIGNUP_BONUS_CREDITS": "1000001"}, "SIGNUP_BONUS_CREDITS"),
            ({"LIMITER_DEFAULT_TIMES": "0"}, "LIMITER_DEFAULT_TIMES"),
            ({"LIMITER_DEFAULT_SECONDS": "0"}, "LIMITER_DEFAULT_SECONDS"),
            ({"TRUSTED_PROXIES": "10.0.0.0/8, nonsense"}, "TRUSTED_PROXIES"),
            ({"SUPABASE_URL": "x.supabase.co"}, "SUPABASE_URL"),
            (
                {"PIXCRAWLER_UTILITY_COMPRESSION__QUALITY": "101"},
                "PIXCRAWLER_UTILITY_COMPRESSION__QUALITY",
            ),
            (
                {"PIXCRAWLER_UTILITY_COMPRESSION__ARCHIVE__LEVEL": "20"},
                "PIXCRAWLER_UTILITY_COMPRESSION__ARCHIVE__LEVEL",
            ),
        ],
    )
    def test_refuses(
        self, monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], named: str
    ) -> None:
        set_all(monkeypatch, **changes)
        with pytest.raises(ConfigurationError, match=named):
            get_settings()

    def test_reads_groups(self, monkeypatch: pytest.MonkeyPatch) -> None:
        set_all(
            monkeypatch,
            PIXCRAWLER_UTILITY_COMPRESSION__QUALITY="70",
            PIXCRAWLER_UTILITY_COMPRESSION__ARCHIVE__LEVEL="3",
            PIXCRAWLER_UTILITY_LOGGING__USE_JSON="true",
            PIXCRAWLER_RESOURCE_MAX_CONCURRENT_CHUNKS="7",
        )
        settings = get_settings()
        assert settings.compression.quality == 70
        assert settings.compression.archive.level == 3
        assert settings.compression.archive.type == "zstd"
        assert settings.logging.use_json is True
        assert settings.resource_max_concurrent_chunks == 7

    def test_the_crawlers_address_is_not_that_of_the_contact_form(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        set_all(
            monkeypatch, CONTACT_EMAIL="form@example.com", CRAWLER_CONTACT_EMAIL="us@example.com"
        )
        assert get_settings().user_agent.endswith("mailto:us@example.com)")

    def test_an_empty_value_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        set_all(monkeypatch, KEY_VAULT_URL="", METRICS_TOKEN="")
        assert get_settings().metrics_token is None


class TestStorage:
    def test_local_is_the_emulator_unless_told_otherwise(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        set_all(monkeypatch, STORAGE_PROVIDER="local", AZURE_STORAGE_CONNECTION_STRING="")
        connection = get_settings().azure_storage_connection_string
        assert connection
        assert connection.get_secret_value() == "UseDevelopmentStorage=true"


class TestIdle:
    def test_defaults_need_no_word(self, monkeypatch: pytest.MonkeyPatch) -> None:
        set_all(monkeypatch)
        assert idle_settings(get_settings(), {}) == {}

    @pytest.mark.parametrize(
        ("variable", "value"),
        [
            ("CACHE_PREFIX", "mine:"),
            ("LIMITER_REDIS_HOST", "elsewhere"),
            ("REDIS_URL", "redis://elsewhere"),
            ("LOG_LEVEL", "DEBUG"),
            ("PIXCRAWLER_UTILITY_COMPRESSION__WORKERS", "7"),
            ("CELERY_BROKER_URL", "redis://localhost"),
            ("CELERY_WORKER_CONCURRENCY", "4"),
            ("STORAGE_LOCAL_PATH", "elsewhere"),
            ("CONTACT_EMAIL", "hello@example.com"),
            ("STRIPE_PRO_PRICE_ID", "price_1"),
            ("FROM_EMAIL", "hello@example.com"),
            ("PIXCRAWLER_RESOURCE_MAX_TEMP_STORAGE_MB", "7"),
            ("PIXCRAWLER_UTILITY_LOGGING__USE_COLORS", "false"),
        ],
    )
    def test_what_does_nothing_is_named(
        self, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
    ) -> None:
        set_all(monkeypatch, **{variable: value})
        assert set(idle_settings(get_settings(), {})) == {variable}

    @pytest.mark.parametrize(
        "wanted",
        [
            {"CACHE_ENABLED": "true", "CACHE_PREFIX": "mine:", "CACHE_REDIS_DB": "3"},
            {"LIMITER_BACKEND": "redis", "LIMITER_REDIS_HOST": "elsewhere"},
            {"LIMITER_BACKEND": "redis", "REDIS_URL": "redis://elsewhere"},
            {"CACHE_ENABLED": "true", "REDIS_URL": "redis://elsewhere"},
        ],
    )
    def test_what_is_asked_for_is_not(
        self, monkeypatch: pytest.MonkeyPatch, wanted: dict[str, str]
    ) -> None:
        set_all(monkeypatch, **wanted)
        assert idle_settings(get_settings(), {}) == {}

    def test_of_two_that_disagree_the_loser_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        two = {"PIXCRAWLER_ENVIRONMENT": "test", "ENVIRONMENT": "production"}
        set_all(monkeypatch, **two)
        assert get_settings().environment == "test"
        assert set(idle_settings(get_settings(), two)) == {"ENVIRONMENT"}
        assert idle_settings(get_settings(), two | {"ENVIRONMENT": "test"}) == {}

    def test_a_provider_that_the_connection_overrules_is_named(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        set_all(monkeypatch, STORAGE_PROVIDER="local")
        assert idle_settings(get_settings(), {}) == {}
        get_settings.cache_clear()
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", "AccountName=a;AccountKey=b")
        assert set(idle_settings(get_settings(), {})) == {"STORAGE_PROVIDER"}

    def test_the_address_is_azures_affair_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        set_all(monkeypatch, HOST="0.0.0.0", PORT="8000")
        settings = get_settings()
        assert idle_settings(settings, {}) == {}
        assert set(idle_settings(settings, {"WEBSITE_INSTANCE_ID": "1"})) == {"HOST", "PORT"}

    def test_a_concurrency_that_the_host_has_too_works(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        set_all(monkeypatch, CELERY_WORKER_CONCURRENCY="4")
        assert idle_settings(get_settings(), {ACTIVITIES: "4"}) == {}


class TestHostFile:
    def test_says_the_same_as_the_default_of_the_worker_concurrency(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        set_all(monkeypatch)
        durable = json.loads((ROOT / "host.json").read_text())["extensions"]["durableTask"]
        assert durable["maxConcurrentActivityFunctions"] == get_settings().celery_worker_concurrency

    def test_ends_no_function_earlier_than_the_settings_say(self) -> None:
        hours, minutes, seconds = map(
            int, json.loads((ROOT / "host.json").read_text())["functionTimeout"].split(":")
        )
        assert hours * 3600 + minutes * 60 + seconds == FUNCTION_TIMEOUT_SECONDS

    def test_leaves_a_chunk_the_time_to_settle(self, monkeypatch: pytest.MonkeyPatch) -> None:
        most = FUNCTION_TIMEOUT_SECONDS - SETTLE_SECONDS
        set_all(monkeypatch, CELERY_TASK_TIME_LIMIT=str(most))
        assert get_settings().celery_task_time_limit == most
        get_settings.cache_clear()
        set_all(monkeypatch, CELERY_TASK_TIME_LIMIT=str(most + 1))
        with pytest.raises(ConfigurationError, match=f"CELERY_TASK_TIME_LIMIT: {most + 1} s leave"):
            get_settings()


class Vault:
    """Azure's client for secrets, with secrets of its own."""

    SECRETS: ClassVar = {
        "api-key-pepper": "from the vault",
        "database-url": "postgresql://vault/db",
    }
    opened: ClassVar[list[str]] = []

    def __init__(self, vault_url: str, credential: object) -> None:
        self.opened.append(vault_url)

    def list_properties_of_secrets(self) -> list[Any]:
        return [SimpleNamespace(name=name, enabled=True) for name in self.SECRETS]

    def get_secret(self, name: str) -> Any:
        return SimpleNamespace(value=self.SECRETS[name])


class TestKeyVault:
    URL = "https://pixcrawler.vault.example"

    def test_fills_what_the_environment_lacks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("azure.keyvault.secrets.SecretClient", Vault)
        set_all(monkeypatch, KEY_VAULT_URL=self.URL)
        monkeypatch.delenv("API_KEY_PEPPER")
        settings = get_settings()
        assert settings.api_key_pepper.get_secret_value() == "from the vault"
        assert settings.database_url.get_secret_value() == "postgresql://u:p@h/db"
        assert Vault.opened == [self.URL]


class TestExamples:
    def test_local_settings_have_every_variable_and_no_other(self) -> None:
        values = json.loads((ROOT / "local.settings.example.json").read_text())["Values"]
        assert set(values) - HOST_VALUES == KNOWN - AZURE_ONLY

    def test_env_documents_every_variable_and_no_other(self) -> None:
        text = (ROOT / ".env.example").read_text()
        assert set(re.findall(r"^(\w+)=", text, re.MULTILINE)) == KNOWN - AZURE_ONLY
        for block in re.findall(r"(?:^#.*\n)+^\w+=.*$", text, re.MULTILINE):
            labels = re.findall(r"^#   (\w+): ", block, re.MULTILINE)
            assert labels == ["Purpose", "Valid", "Default", "Required", "Example"], block

    def test_the_documented_defaults_are_the_defaults(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        set_all(monkeypatch)
        defaults = get_settings()
        text = (ROOT / ".env.example").read_text()
        for name, default in re.findall(r"^# (\w+)\n(?:#.*\n)*?#   Default: (.*)$", text, re.M):
            if name not in REQUIRED and not default.startswith("(") and " " not in default:
                set_all(monkeypatch, **{name: default})
        get_settings.cache_clear()
        assert get_settings() == defaults

    def test_the_example_of_local_settings_is_valid(self, monkeypatch: pytest.MonkeyPatch) -> None:
        values = json.loads((ROOT / "local.settings.example.json").read_text())["Values"]
        urls = {"DATABASE_URL": "postgresql://h/db", "SUPABASE_URL": "https://x.supabase.co"}
        for name, value in (values | urls).items():
            monkeypatch.setenv(name, value)
        assert get_settings().environment == "development"
