"""Where the cache and the limiter keep what they know, and the Redis that both may use."""

import re
from dataclasses import dataclass
from typing import Annotated, Literal, Self
from urllib.parse import quote, unquote

from pydantic import AfterValidator, Field, SecretStr

from shared.platform.settings.parts import Part, unfit_for_production

AZURE_TLS_PORTS = (6380, 10000)  # Cache for Redis, Managed Redis
PORT = 6379
_URL = re.compile(
    r"(?P<scheme>rediss?)://((default)?:(?P<password>[^@/]*)@)?"
    r"(?P<host>[^@:/?#\[\]]+|\[[0-9a-fA-F:.]+\])(:(?P<port>\d{1,5}))?(/(?P<db>\d*))?"
)


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """One database of a Redis server. ``tls`` of None: as the port tells at Azure."""

    host: str
    port: int
    password: str
    db: int
    tls: bool | None

    @classmethod
    def parse(cls, url: str) -> Self:
        """The address that a URL names; ``rediss`` means TLS.

        Raises:
            ValueError: it is no such URL, or says what we could not keep to.
        """
        match = _URL.fullmatch(url)
        if match is None:
            raise ValueError("must be redis[s]://[:password@]host[:port][/database]")
        host, port, db = match["host"].strip("[]"), match["port"] or PORT, match["db"] or 0
        password = unquote(match["password"] or "")
        return cls(host, int(port), password, int(db), match["scheme"] == "rediss")

    @property
    def url(self) -> str:
        """The address as a URL, its password included."""
        login = f":{quote(self.password, safe='')}@" if self.password else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        tls = self.port in AZURE_TLS_PORTS if self.tls is None else self.tls
        return f"{'rediss' if tls else 'redis'}://{login}{host}:{self.port}/{self.db}"


def _redis_url(value: SecretStr) -> SecretStr:
    RedisAddress.parse(value.get_secret_value())
    return value


class RedisSettings(Part):
    """One Redis for cache and limiter; what has a variable of its own is taken from there."""

    redis_url: Annotated[SecretStr, AfterValidator(_redis_url)] | None = None


class CacheSettings(Part):
    """A Redis that may lose everything at any time."""

    cache_enabled: bool = False
    cache_redis_host: str = "localhost"
    cache_redis_port: int = Field(PORT, ge=1, le=65535)
    cache_redis_password: SecretStr | None = None
    cache_redis_db: int = Field(0, ge=0)
    cache_redis_tls: bool | None = None
    cache_prefix: str = "pixcrawler:cache:"
    cache_default_ttl: int = Field(300, gt=0)

    @property
    def cache_redis(self) -> RedisAddress:
        """Where the cache's Redis is."""
        return RedisAddress(
            self.cache_redis_host, self.cache_redis_port, _plain(self.cache_redis_password),
            self.cache_redis_db, self.cache_redis_tls,
        )  # fmt: skip


class LimiterSettings(Part):
    """Rate limits and where requests are counted."""

    limiter_enabled: bool = True
    limiter_backend: Annotated[
        Literal["postgres", "redis", "memory"],
        unfit_for_production(lambda backend: backend == "memory"),
    ] = "postgres"
    limiter_redis_host: str = "localhost"
    limiter_redis_port: int = Field(PORT, ge=1, le=65535)
    limiter_redis_password: SecretStr | None = None
    limiter_redis_db: int = Field(1, ge=0)
    limiter_redis_tls: bool | None = None
    limiter_prefix: str = "pixcrawler:limiter"
    limiter_default_times: int = Field(600, gt=0)
    limiter_default_seconds: int = Field(60, gt=0)
    limiter_write_times: int = Field(120, gt=0)
    limiter_auth_times: int = Field(10, gt=0)

    @property
    def limiter_redis(self) -> RedisAddress:
        """Where the limiter's Redis is."""
        return RedisAddress(
            self.limiter_redis_host, self.limiter_redis_port, _plain(self.limiter_redis_password),
            self.limiter_redis_db, self.limiter_redis_tls,
        )  # fmt: skip


def _plain(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""
