"""What the platform is set to, and the rules between its settings."""

from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from shared.platform.settings import parts, redis
from shared.platform.settings.sources import RedisUrl, key_vault


class PlatformSettings(
    parts.DatabaseSettings,
    parts.SupabaseSettings,
    parts.StorageSettings,
    redis.RedisSettings,
    redis.CacheSettings,
    redis.LimiterSettings,
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
        parts.LoggingSettings(), validation_alias=parts.env("PIXCRAWLER_UTILITY_LOGGING")
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
        return (init_settings, env_settings, *key_vault(settings_cls), RedisUrl(settings_cls))

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

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        problems = self.contradictions()
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def contradictions(self) -> list[str]:
        """What cannot be together."""
        found = super().contradictions()
        if self._cache_is_limiter():
            found.append("CACHE_REDIS_DB: must differ from LIMITER_REDIS_DB")
        return found

    def _cache_is_limiter(self) -> bool:
        cache = (self.cache_redis_host, self.cache_redis_port, self.cache_redis_db)
        limiter = (self.limiter_redis_host, self.limiter_redis_port, self.limiter_redis_db)
        return cache == limiter
