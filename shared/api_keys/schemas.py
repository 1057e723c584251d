"""What goes in and out of API keys."""

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

from shared.platform.model import Input, Model, VisibleText

Permission = Literal[
    "projects", "jobs:read", "jobs:write", "images:read", "exports", "credits:read"
]


Status = Literal["active", "revoked", "expired"]


def _to_come(moment: datetime) -> datetime:
    if moment <= datetime.now(UTC):
        raise ValueError("must be in the future")
    return moment


class ApiKeyCreate(Input):
    """A new key; ``rate_limit`` is its requests an hour."""

    name: Annotated[VisibleText, StringConstraints(max_length=200)]
    permissions: Annotated[list[Permission], Field(min_length=1, max_length=6)]
    rate_limit: Annotated[int, Field(ge=1, le=100_000)] = 1000
    expires_at: Annotated[AwareDatetime, AfterValidator(_to_come)] | None = None


class ApiKeyOut(Model):
    """A key as it is stored: recognisable by its prefix, unusable."""

    id: UUID
    name: str
    key_prefix: str
    status: Status
    permissions: list[Permission]
    rate_limit: int
    last_used_at: datetime | None
    expires_at: datetime | None
    created_at: datetime


class ApiKeyCreated(ApiKeyOut):
    """A new key with its secret ``key``, which is never shown again."""

    key: str


class ApiKeyUsage(Model):
    """How a key was used."""

    id: UUID
    status: Status
    rate_limit: int
    usage_count: int
    last_used_at: datetime | None
    last_used_ip: str | None
