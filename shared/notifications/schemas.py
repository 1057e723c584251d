"""What goes in and out of notifications, and what their queue carries."""

from datetime import datetime, time
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from shared.platform.data.queue_message import QueueMessage
from shared.platform.http.pagination import Page, PageQuery
from shared.platform.http.patch import Patch, unchanged
from shared.platform.model import Input, Model

Severity = Literal["success", "info", "warning", "error"]
# A wall-clock time of the user's day; JSON Schema's own "time" demands an offset.
CLOCK_TIME = r"^\d\d:\d\d(:\d\d(\.\d+)?)?$"
ClockTime = Annotated[
    time, Field(json_schema_extra={"format": "clock-time", "pattern": CLOCK_TIME})
]
Digest = Literal["never", "realtime", "daily", "weekly"]


class NotificationMessage(QueueMessage):
    """One event for one user. ``event_key`` makes it unique, however often it is delivered."""

    event_key: Annotated[str, Field(min_length=1, max_length=200)]
    user_id: UUID
    type: Severity
    category: Annotated[str, Field(max_length=50)]
    title: Annotated[str, Field(max_length=255)]
    message: str
    action_url: str | None = None


class NotificationQuery(PageQuery):
    """Which notifications to list: all, those unread, or those read."""

    unread: bool | None = None


class NotificationOut(Model):
    """A notification."""

    id: int
    type: str
    category: str | None
    title: str
    message: str
    icon: str | None
    color: str | None
    action_url: str | None
    action_label: str | None
    is_read: bool
    read_at: datetime | None
    created_at: datetime


class NotificationPage(Page[NotificationOut]):
    """A page of notifications, and how many are unread in all."""

    unread_count: int


class NotificationUpdate(Input):
    """Whether the notification has been read."""

    is_read: bool


class ReadCount(Model):
    """How many notifications were marked as read."""

    updated: int


class PreferencesOut(Model):
    """Which notifications a user wants, and how."""

    email_enabled: bool
    push_enabled: bool
    sms_enabled: bool
    crawl_jobs_enabled: bool
    datasets_enabled: bool
    billing_enabled: bool
    security_enabled: bool
    marketing_enabled: bool
    product_updates_enabled: bool
    digest_frequency: str
    quiet_hours_start: ClockTime | None
    quiet_hours_end: ClockTime | None


class PreferencesUpdate(Patch):
    """Changes of the preferences."""

    email_enabled: bool = unchanged()
    push_enabled: bool = unchanged()
    sms_enabled: bool = unchanged()
    crawl_jobs_enabled: bool = unchanged()
    datasets_enabled: bool = unchanged()
    billing_enabled: bool = unchanged()
    security_enabled: bool = unchanged()
    marketing_enabled: bool = unchanged()
    product_updates_enabled: bool = unchanged()
    digest_frequency: Digest = unchanged()
    quiet_hours_start: ClockTime | None = unchanged()
    quiet_hours_end: ClockTime | None = unchanged()
