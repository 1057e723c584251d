"""What goes in and out of projects."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import StringConstraints

from shared.platform.http.pagination import PageQuery
from shared.platform.http.patch import Patch, unchanged
from shared.platform.model import Input, Model, VisibleText

Status = Literal["active", "archived"]
Name = Annotated[VisibleText, StringConstraints(max_length=100)]
Description = Annotated[str | None, StringConstraints(max_length=2000)]


class ProjectCreate(Input):
    """A new project."""

    name: Name
    description: Description = None


class ProjectUpdate(Patch):
    """Changes of a project."""

    name: Name = unchanged()
    description: Description = unchanged()
    status: Status = unchanged()


class ProjectQuery(PageQuery):
    """Which projects to list."""

    status: Status | None = None


class ProjectOut(Model):
    """A project."""

    id: int
    name: str
    description: str | None
    status: Status
    created_at: datetime
    updated_at: datetime
