"""Results of activities as the durable engine keeps them: JSON."""

from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


def write(result: object) -> object:
    """The result as JSON knows it."""
    return asdict(result) if is_dataclass(result) and not isinstance(result, type) else result


def read(kind: type[T], stored: Mapping[str, Any]) -> T:
    """The result again; what another build wrote may have more fields, or fewer with defaults."""
    return kind(**{f.name: stored[f.name] for f in fields(kind) if f.name in stored})
