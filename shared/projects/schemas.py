"""What goes in and out of projects."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class ProjectCreate(BaseModel):
    """A new project."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    description: Annotated[str | None, StringConstraints(max_length=2000)] = None


class ProjectOut(BaseModel):
    """A project."""

    id: int
    name: str
    description: str | None
    status: Literal["active", "archived", "deleted"]
    created_at: datetime
    updated_at: datetime
