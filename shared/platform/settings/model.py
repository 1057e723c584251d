"""All settings together, and the rules between them."""

from collections.abc import Callable
from typing import Any, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from shared.platform.settings import parts, product, redis
from shared.platform.settings.parts import env, listed
from shared.platform.settings.sources import FlatEnvironment, RedisUrl, key_vault

# What production refuses, by field.
UNFIT: dict[str, Callable[[Any], object]] = {
    "debug": lambda debug: debug,
    "allowed_origins": lambda origins: "*" in listed(origins),
    "storage_provider": lambda provider: provider == "local",
    "crawl_allowed_hosts": lambda hosts: hosts,
    "limiter_backend": lambda backend: backend == "memory",
}


class Settings(
    parts.DatabaseSettings,
    parts.SupabaseSettings,
    parts.StorageSettings,
    redis.RedisSettings,
    redis.CacheSettings,
    redis.LimiterSettings,
    product.CrawlSettings,
    product.CelerySettings,
    product.PaymentSettings,
    product.EmailSettings,
    parts.ServerSettings,  # its fields are validated first: others ask for the environment
    BaseSettings,
):
    """The settings with their defaults; a field's environment variable is its name in capitals."""

    model_config = SettingsConfigDict(
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        env_nested_delimiter="__",
        env_ignore_empty=True,
    )

    logging: parts.LoggingSettings = Field(
        parts.LoggingSettings(), validation_alias=env("PIXCRAWLER_UTILITY_LOGGING")
    )
    compression: product.CompressionSettings = Field(
        product.CompressionSettings(), validation_alias=env("PIXCRAWLER_UTILITY_COMPRESSION")
    )
    resource: product.ResourceSettings = Field(
        product.ResourceSettings(), validation_alias=env("PIXCRAWLER_RESOURCE")
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment, the Key Vault of ``KEY_VAULT_URL`` if there is one, ``REDIS_URL``."""
        return (
            init_settings,
            FlatEnvironment(settings_cls),
            *key_vault(settings_cls),
            RedisUrl(settings_cls),
        )

    @property
    def console_level(self) -> parts.Level:
        """The least severe lines that the console shows."""
        return self.logging.console_level or ("DEBUG" if self.debug else self.log_level)

    @property
    def is_lenient(self) -> bool:
        """Whether the app goes on without a part that it can do without for a developer."""
        return self.environment in ("development", "test")

    @property
    def redis_parts(self) -> dict[str, redis.RedisAddress]:
        """The parts of the app that have a Redis, and where it is."""
        parts = {}
        if self.cache_enabled:
            parts["cache"] = self.cache_redis
        if self.limiter_enabled and self.limiter_backend == "redis":
            parts["limiter"] = self.limiter_redis
        return parts

    @field_validator(*UNFIT)
    @classmethod
    def _fit_for_production(cls, value: Any, info: ValidationInfo) -> Any:
        if info.data.get("environment") == "production" and UNFIT[str(info.field_name)](value):
            raise ValueError("not allowed in production")
        return value

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        problems = self._inconsistencies()
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _inconsistencies(self) -> list[str]:
        problems = []
        if self.azure_storage_connection_string is None and not (
            self.blob_service_uri and self.queue_service_uri
        ):
            problems.append("AZURE_STORAGE_CONNECTION_STRING: or both AzureWebJobsStorage__*Uri")
        if self._cache_is_limiter():
            problems.append("CACHE_REDIS_DB: must differ from LIMITER_REDIS_DB")
        if self.stripe_secret_key and not self.stripe_webhook_secret:
            problems.append("STRIPE_WEBHOOK_SECRET: missing beside STRIPE_SECRET_KEY")
        if self.resend_api_key and not self.from_email:
            problems.append("FROM_EMAIL: missing beside RESEND_API_KEY")
        return problems

    def _cache_is_limiter(self) -> bool:
        cache = (self.cache_redis_host, self.cache_redis_port, self.cache_redis_db)
        limiter = (self.limiter_redis_host, self.limiter_redis_port, self.limiter_redis_db)
        return cache == limiter
