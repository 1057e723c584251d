"""What the queue ``notifications`` carries."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

QUEUE = "notifications"


class NotificationMessage(BaseModel):
    """One event for one user. ``event_key`` makes it unique, however often it is delivered."""

    model_config = ConfigDict(extra="forbid")

    event_key: Annotated[str, Field(min_length=1, max_length=200)]
    user_id: UUID
    type: Literal["success", "info", "warning", "error"]
    category: Annotated[str, Field(max_length=50)]
    title: Annotated[str, Field(max_length=255)]
    message: str
    action_url: str | None = None
