"""Every setting of the app, read once from the environment."""

from functools import lru_cache
from typing import Literal, Self

from pydantic import (
    AliasChoices,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

Environment = Literal["development", "test", "staging", "production"]


class ConfigurationError(Exception):
    """The environment lacks settings or holds invalid ones; the message names them all."""


def _env(*names: str) -> AliasChoices:
    return AliasChoices(*names)


class Settings(BaseSettings):
    """The settings with their defaults; a field's environment variable is its name in capitals."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, populate_by_name=True)

    environment: Environment = Field("development", validation_alias=_env("PIXCRAWLER_ENVIRONMENT"))
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    database_url: SecretStr
    database_pool_size: int = Field(5, ge=1, le=100)
    database_max_overflow: int = Field(10, ge=0, le=100)

    supabase_url: str
    supabase_anon_key: SecretStr
    supabase_service_role_key: SecretStr

    # A connection string locally; in Azure the two URIs and the app's managed identity.
    azure_storage_connection_string: SecretStr | None = Field(
        None, validation_alias=_env("AZURE_STORAGE_CONNECTION_STRING", "AzureWebJobsStorage")
    )
    blob_service_uri: str | None = Field(
        None, validation_alias=_env("AzureWebJobsStorage__blobServiceUri")
    )
    queue_service_uri: str | None = Field(
        None, validation_alias=_env("AzureWebJobsStorage__queueServiceUri")
    )
    storage_azure_container_name: str = "pixcrawler"

    api_key_pepper: SecretStr

    openverse_api_url: str = "https://api.openverse.org/v1"
    wikimedia_api_url: str = "https://commons.wikimedia.org/w/api.php"
    contact_email: str = "crawler@pixcrawler.example"

    max_images_per_job: int = Field(10_000, ge=1)
    max_running_jobs: int = Field(3, ge=1)
    crawl_allowed_hosts: str = ""
    crawl_timeout_seconds: float = Field(15, gt=0)
    crawl_retry_wait_seconds: float = Field(2, gt=0)
    crawl_downloads_in_flight: int = Field(16, ge=1, le=64)
    crawl_connections_per_host: int = Field(2, ge=1, le=64)
    celery_task_time_limit: int = Field(110, ge=10, le=600)

    @field_validator("database_url", mode="before")
    @classmethod
    def _drop_driver(cls, url: object) -> object:
        return (
            url.replace("postgresql+asyncpg://", "postgresql://", 1)
            if isinstance(url, str)
            else url
        )

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.azure_storage_connection_string is None and not (
            self.blob_service_uri and self.queue_service_uri
        ):
            raise ValueError("AZURE_STORAGE_CONNECTION_STRING: or both AzureWebJobsStorage__*Uri")
        if self.environment == "production" and self.crawl_allowed_hosts:
            raise ValueError("CRAWL_ALLOWED_HOSTS: must be empty in production")
        return self

    @property
    def user_agent(self) -> str:
        """What the crawler calls itself, with an address to complain to."""
        return f"PixCrawler/0.1 (dataset crawler; mailto:{self.contact_email})"

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """The ``host:port`` pairs that may be crawled although they are private addresses."""
        return frozenset(filter(None, (h.strip() for h in self.crawl_allowed_hosts.split(","))))


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process.

    Raises:
        ConfigurationError: naming every variable that is missing or invalid.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise ConfigurationError(_explain(error)) from None


def _explain(error: ValidationError) -> str:
    problems = []
    for item in error.errors(include_input=False, include_url=False):
        name = str(item["loc"][0]) if item["loc"] else ""
        problem = (
            "missing" if item["type"] == "missing" else item["msg"].removeprefix("Value error, ")
        )
        problems.append(f"{name.upper() if name.islower() else name}: {problem}".removeprefix(": "))
    return "The configuration is incomplete. " + "; ".join(problems)
