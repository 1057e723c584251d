"""Where settings come from besides plain environment variables."""

import os
from collections.abc import Mapping

from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource

RESOURCE = "PIXCRAWLER_RESOURCE"
_PREFIX = RESOURCE.lower() + "_"


class FlatEnvironment(EnvSettingsSource):
    """The environment, where ``PIXCRAWLER_RESOURCE_X`` has but one underscore for its group."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {
            name.replace(_PREFIX, _PREFIX + "_", 1) if name.startswith(_PREFIX) else name: value
            for name, value in super()._load_env_vars().items()
        }


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
