"""What goes in and out of the activity trail."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import StringConstraints

from shared.platform.http.pagination import PageQuery
from shared.platform.model import Model


class ActivityQuery(PageQuery):
    """Which activities to list."""

    action: Annotated[str | None, StringConstraints(max_length=100)] = None
    resource_type: Annotated[str | None, StringConstraints(max_length=50)] = None


class ActivityOut(Model):
    """One change: what was done to what, and when."""

    id: int
    action: str
    resource_type: str | None
    resource_id: str | None
    metadata: dict[str, Any] | None
    timestamp: datetime
