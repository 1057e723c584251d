"""Where settings come from besides plain environment variables."""

import os
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from shared.platform.settings.redis import RedisAddress


def key_vault(settings_cls: type[BaseSettings]) -> list[PydanticBaseSettingsSource]:
    """The Key Vault of ``KEY_VAULT_URL``: secrets are named like variables, with dashes."""
    url = os.environ.get("KEY_VAULT_URL")
    if not url:
        return []
    from azure.identity import DefaultAzureCredential
    from pydantic_settings import AzureKeyVaultSettingsSource

    return [
        AzureKeyVaultSettingsSource(
            settings_cls, url, DefaultAzureCredential(), dash_to_underscore=True
        )
    ]


class RedisUrl(PydanticBaseSettingsSource):
    """The Redis of cache and limiter, out of ``REDIS_URL``; the source that all others go before.

    The cache takes the URL's database, the limiter another one. Whichever has a host of its own is
    on another server, of which the URL says nothing.
    """

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Nothing: the values come all at once."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """What is not set already."""
        given = self.current_state
        url = given.get("redis_url")
        if isinstance(url, SecretStr):
            url = url.get_secret_value()
        try:
            address = RedisAddress.parse(url or "")
        except ValueError:  # the field's own check says what is wrong with it
            return {}
        cache_db = str(given.get("cache_redis_db", address.db))
        databases = {"cache": address.db, "limiter": 0 if cache_db == "1" else 1}
        return {
            f"{part}_redis_{name}": value
            for part, db in databases.items()
            if f"{part}_redis_host" not in given
            for name, value in _fields(address, db).items()
        }


def _fields(address: RedisAddress, db: int) -> dict[str, Any]:
    login = {"password": address.password} if address.password else {}
    return {"host": address.host, "port": address.port, "db": db, "tls": address.tls, **login}
