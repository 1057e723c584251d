"""The environment variables of the app, read off its settings."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from pydantic import AliasChoices, BaseModel, SecretStr
from pydantic.fields import FieldInfo

from shared.app.settings.model import Settings


@dataclass(frozen=True)
class Variable:
    """One setting: all names it goes by (the first is the one to use), and what it is."""

    names: tuple[str, ...]
    required: bool
    secret: bool

    @property
    def name(self) -> str:
        """The name to use."""
        return self.names[0]


@cache
def variables() -> tuple[Variable, ...]:
    """Every setting of the app."""
    return tuple(_walk(Settings, ""))


def _walk(model: type[BaseModel], prefix: str) -> Iterator[Variable]:
    for name, field in model.model_fields.items():
        names = tuple(prefix + each for each in _names(name, field))
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _walk(field.annotation, names[0] + "__")
        else:
            secret = SecretStr.__name__ in str(field.annotation)
            yield Variable(names, required=field.is_required(), secret=secret)


def _names(name: str, field: FieldInfo) -> list[str]:
    alias = field.validation_alias
    return [str(c) for c in alias.choices] if isinstance(alias, AliasChoices) else [name.upper()]
