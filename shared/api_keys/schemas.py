"""What goes in and out of API keys."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

Permission = Literal[
    "projects", "jobs:read", "jobs:write", "images:read", "exports", "credits:read"
]


class ApiKeyCreate(BaseModel):
    """A new key."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    permissions: Annotated[list[Permission], Field(min_length=1, max_length=6)]
    expires_at: AwareDatetime | None = None


class ApiKeyOut(BaseModel):
    """A key as it is stored: recognisable by its prefix, unusable."""

    id: UUID
    name: str
    key_prefix: str
    status: Literal["active", "revoked", "expired"]
    permissions: list[Permission]
    last_used_at: datetime | None
    expires_at: datetime | None
    created_at: datetime


class ApiKeyCreated(ApiKeyOut):
    """A new key with its secret ``key``, which is never shown again."""

    key: str
