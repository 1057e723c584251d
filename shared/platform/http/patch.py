"""Partial changes: what is not sent stays as it is."""

from typing import Any

from pydantic import Field

from shared.platform.model import Input


class Patch(Input):
    """Fields to change. Each has the default `unchanged()`: it may be absent, and null only if its
    type says so."""

    def changes(self) -> dict[str, Any]:
        """The fields that were sent."""
        return self.model_dump(exclude_unset=True, mode="json")


def unchanged() -> Any:
    """The default of a field that may be absent; it appears in no schema and is never used."""
    return Field(default_factory=lambda: None)
