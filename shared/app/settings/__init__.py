"""Every setting of the app, read once from the environment and, if there is one, a Key Vault."""

import os
from functools import lru_cache

from pydantic import AliasChoices, ValidationError

from shared.app.settings.exposed import exposed
from shared.app.settings.model import Settings

__all__ = ["ConfigurationError", "Settings", "get_settings"]


class ConfigurationError(Exception):
    """The environment lacks settings or holds invalid ones; the message names them all."""


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process.

    Raises:
        ConfigurationError: naming every variable that is missing or invalid, or shows a secret.
    """
    problems = exposed(os.environ)
    try:
        settings = Settings()
    except ValidationError as error:
        problems = [*_explain(error), *problems]
    if problems:
        raise ConfigurationError("The configuration is incomplete. " + "; ".join(problems))
    return settings


def _explain(error: ValidationError) -> list[str]:
    problems = []
    for item in error.errors(include_input=False, include_url=False):
        problem = (
            "missing" if item["type"] == "missing" else item["msg"].removeprefix("Value error, ")
        )
        problems.append(f"{_variable(item['loc'])}: {problem}".removeprefix(": "))
    return problems


def _variable(place: tuple[int | str, ...]) -> str:
    """The environment variable of a field; pydantic names a group by its field."""
    if not place:
        return ""
    head, *rest = map(str, place)
    field = Settings.model_fields.get(head)
    if field and isinstance(field.validation_alias, AliasChoices):
        head = str(field.validation_alias.choices[0])
    name = "__".join([head, *rest])
    return name if name.startswith("AzureWebJobs") else name.upper()
