"""What goes in and out of administration."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from shared.credits.tiers import Tier
from shared.platform.http.pagination import PageQuery
from shared.platform.http.patch import Patch, unchanged
from shared.platform.model import Input, Model, VisibleText

Role = Literal["user", "admin"]
JobStatus = Literal["pending", "running", "completed", "failed", "cancelled"]
Reason = Annotated[VisibleText, StringConstraints(max_length=500)]
MOST_CREDITS = 1_000_000  # of one gift; a balance is a 32-bit integer


class UserOut(Model):
    """A user, with what they have."""

    id: UUID
    email: str
    full_name: str | None
    role: Role
    state: Literal["active", "disabled", "deleted"]
    projects: int
    credits: int
    tier: Tier
    created_at: datetime


class UserUpdate(Patch):
    """A user's new role, and what their account may do."""

    role: Role = unchanged()
    tier: Tier = unchanged()


class Decision(Input):
    """Why something is done to an account; it stands in the administrator's trail."""

    reason: Reason


class CreditGrant(Decision):
    """A gift of credits; its owner reads the reason in the ledger."""

    amount: Annotated[int, Field(ge=1, le=MOST_CREDITS)]


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
