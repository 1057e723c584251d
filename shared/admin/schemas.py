"""What goes in and out of administration."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.platform.model import Input, Model
from shared.platform.pagination import PageQuery

Role = Literal["user", "admin"]
JobStatus = Literal["pending", "running", "completed", "failed", "cancelled"]


class UserOut(Model):
    """A user, with what they have."""

    id: UUID
    email: str
    full_name: str | None
    role: Role
    projects: int
    credits: int
    created_at: datetime


class UserUpdate(Input):
    """A user's new role."""

    role: Role


class AdminJobQuery(PageQuery):
    """Which jobs to list."""

    status: JobStatus | None = None


class AdminJobOut(Model):
    """Somebody's job."""

    id: int
    user_id: UUID
    user_email: str
    project_id: int
    name: str
    status: JobStatus
    progress: int
    max_images: int
    valid_images: int
    failure_reason: str | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
