"""The settings that the app is run with: database, storage, sign-in, logging."""

import ipaddress
import re
from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    AliasChoices,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)

from shared.platform.model import Model
from shared.platform.settings.secrets import check_public_key, check_secret_key

EMULATOR = "UseDevelopmentStorage=true"  # the storage emulator at its usual ports

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Environment = Literal["development", "test", "staging", "production"]
Level = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]


class Part(Model):
    """Some of the settings: those of one matter, where that matter is dealt with."""

    def contradictions(self) -> list[str]:
        """What cannot be together; a part with such a rule adds to what the others have found."""
        return []


def unfit_for_production(is_unfit: Callable[[Any], object]) -> AfterValidator:
    """Refuses such values of a field in production."""

    def check(value: Any, info: ValidationInfo) -> Any:
        if info.data.get("environment") == "production" and is_unfit(value):
            raise ValueError("not allowed in production")
        return value

    return AfterValidator(check)


def env(*names: str) -> AliasChoices:
    """Other environment variables than the field's own name in capitals; the first one wins."""
    return AliasChoices(*names)


def listed(value: str) -> list[str]:
    """The items of a comma-separated value."""
    return [item for item in (part.strip() for part in value.split(",")) if item]


def _networks(value: str) -> str:
    for item in listed(value):
        ipaddress.ip_network(item)
    return value


def _base_url(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("must start with https:// (or http:// locally)")
    return value.rstrip("/")


BaseUrl = Annotated[str, AfterValidator(_base_url)]


_CODED = "%[0-9A-Fa-f]{2}"
_DATABASE_URL = re.compile(
    rf"postgres(ql)?://(([^\s:/?#@%]|{_CODED})*(:([^\s/?#@%]|{_CODED})*)?@)?([^\s@%]|{_CODED})*"
)


def _database_url(value: SecretStr) -> SecretStr:
    """The URL, if libpq takes it apart as we do: of another it would write pieces into its errors.

    Raises:
        ValueError: it is no such URL.
    """
    if not _DATABASE_URL.fullmatch(value.get_secret_value()):
        raise ValueError(
            "must be postgresql://user:password@host:port/database, the password percent-encoded"
        )
    return value


def _any_origin(origins: str) -> bool:
    return "*" in listed(origins)


class ServerSettings(Part):
    """Which app this is and how it is reached."""

    environment: Environment = Field(
        "development", validation_alias=env("PIXCRAWLER_ENVIRONMENT", "ENVIRONMENT")
    )
    debug: Annotated[bool, unfit_for_production(bool)] = False
    host: str = "127.0.0.1"
    port: int = Field(7071, ge=1, le=65535)
    log_level: Level = "INFO"
    allowed_origins: Annotated[str, unfit_for_production(_any_origin)] = "http://localhost:3000"
    trusted_proxies: Annotated[str, AfterValidator(_networks)] = ""
    app_url: BaseUrl = Field(
        "http://localhost:3000", validation_alias=env("NEXT_PUBLIC_APP_URL", "APP_URL")
    )
    key_vault_url: str | None = None
    api_key_pepper: SecretStr
    metrics_token: SecretStr | None = None

    @property
    def peppers(self) -> tuple[bytes, ...]:
        """The secrets of hashes and seals: the first one makes them, each of them checks them."""
        return tuple(self.api_key_pepper.get_secret_value().encode().split(b","))

    @property
    def trusted_networks(self) -> list[Network]:
        """The networks of our own proxies."""
        return [ipaddress.ip_network(item) for item in listed(self.trusted_proxies)]


class DatabaseSettings(Part):
    """PostgreSQL."""

    database_url: Annotated[SecretStr, AfterValidator(_database_url)]
    database_pool_size: int = Field(5, ge=1, le=100)
    database_max_overflow: int = Field(10, ge=0, le=100)
    database_pool_pre_ping: bool = True
    database_echo: bool = False

    @field_validator("database_url", mode="before")
    @classmethod
    def _drop_driver(cls, url: object) -> object:
        return (
            url.replace("postgresql+asyncpg://", "postgresql://", 1)
            if isinstance(url, str)
            else url
        )


class SupabaseSettings(Part):
    """The Supabase project that signs people in."""

    supabase_url: BaseUrl
    supabase_anon_key: Annotated[SecretStr, AfterValidator(check_public_key)]
    supabase_service_role_key: Annotated[SecretStr, AfterValidator(check_secret_key)]


class StorageSettings(Part):
    """Blob and queue storage: a connection string, or in Azure two URIs and the app's identity."""

    storage_provider: Annotated[
        Literal["azure", "local"], unfit_for_production(lambda provider: provider == "local")
    ] = "azure"
    storage_local_path: str = ".local/azurite"
    azure_storage_connection_string: SecretStr | None = Field(
        None,
        validate_default=True,
        validation_alias=env(
            "AZURE_STORAGE_CONNECTION_STRING",
            "STORAGE_AZURE_CONNECTION_STRING",
            "AzureWebJobsStorage",
        ),
    )
    blob_service_uri: str | None = Field(
        None,
        validation_alias=env(
            "STORAGE_AZURE_BLOB_SERVICE_URI", "AzureWebJobsStorage__blobServiceUri"
        ),
    )
    queue_service_uri: str | None = Field(
        None, validation_alias=env("AzureWebJobsStorage__queueServiceUri")
    )
    storage_azure_container_name: str = Field("pixcrawler", pattern=r"^[a-z0-9](-?[a-z0-9]){2,62}$")
    storage_download_url: str | None = Field(None, pattern=r"^https?://[^/?#]+/?$")
    storage_azure_max_retries: int = Field(3, ge=1, le=10)
    storage_archive_after_days: int = Field(0, ge=0, le=36_500)

    @field_validator("azure_storage_connection_string", mode="before")
    @classmethod
    def _emulator(cls, value: object, info: ValidationInfo) -> object:
        local = info.data.get("storage_provider") == "local"
        return EMULATOR if value is None and local else value

    def contradictions(self) -> list[str]:
        """What cannot be together."""
        found = super().contradictions()
        if self.azure_storage_connection_string is None and not (
            self.blob_service_uri and self.queue_service_uri
        ):
            found.append("AZURE_STORAGE_CONNECTION_STRING: or both AzureWebJobsStorage__*Uri")
        return found


class LoggingSettings(Model):
    """How log lines look; what is not set follows the environment."""

    environment: Environment | None = None
    log_dir: str | None = None
    console_level: Level | None = None
    file_level: Level = "DEBUG"
    use_json: bool | None = None
    use_colors: bool = True
