"""Notifications."""

import azure.durable_functions as df

from shared.app.http import Call, endpoint
from shared.notifications import service as notifications
from shared.notifications.schemas import (
    NotificationOut,
    NotificationPage,
    NotificationQuery,
    NotificationUpdate,
    PreferencesOut,
    PreferencesUpdate,
    ReadCount,
)
from shared.platform.errors import NotFound

bp = df.Blueprint()


@endpoint(bp, "GET", "api/v1/notifications", returns={200: NotificationPage})
async def list_notifications(call: Call, query: NotificationQuery) -> NotificationPage:
    """The caller's notifications, newest first, and how many are unread."""
    return await notifications.list_notifications(call.tx, call.principal, query)


@endpoint(
    bp,
    "PATCH",
    "api/v1/notifications/{notification_id:int}/read",
    returns={200: NotificationOut},
    raises=(NotFound,),
)
async def read_notification(call: Call, notification_id: int) -> NotificationOut:
    """Mark a notification as read."""
    return await notifications.set_read(call.tx, call.principal, notification_id, is_read=True)


@endpoint(bp, "PATCH", "api/v1/notifications/read-all", returns={200: ReadCount})
async def read_all_notifications(call: Call) -> ReadCount:
    """Mark all notifications as read."""
    return await notifications.read_all(call.tx, call.principal)


@endpoint(
    bp,
    "DELETE",
    "api/v1/notifications/{notification_id:int}",
    returns={204: None},
    raises=(NotFound,),
)
async def delete_notification(call: Call, notification_id: int) -> None:
    """Delete a notification."""
    await notifications.delete_notification(call.tx, call.principal, notification_id)


@endpoint(
    bp,
    "GET",
    "api/v1/notifications/preferences",
    returns={200: PreferencesOut},
    raises=(NotFound,),
)
async def get_notification_preferences(call: Call) -> PreferencesOut:
    """Which notifications the caller wants, and how."""
    return await notifications.get_preferences(call.tx, call.principal)


@endpoint(
    bp,
    "PATCH",
    "api/v1/notifications/preferences",
    returns={200: PreferencesOut},
    raises=(NotFound,),
)
async def update_notification_preferences(call: Call, body: PreferencesUpdate) -> PreferencesOut:
    """Change which notifications the caller wants, and how."""
    return await notifications.update_preferences(call.tx, call.principal, body)


@endpoint(
    bp,
    "PATCH",
    "api/v1/notifications/{notification_id:int}",
    returns={200: NotificationOut},
    raises=(NotFound,),
    successor="api/v1/notifications/{notification_id}/read",
)
async def update_notification(
    call: Call, notification_id: int, body: NotificationUpdate
) -> NotificationOut:
    """Mark a notification as read or unread."""
    return await notifications.set_read(
        call.tx, call.principal, notification_id, is_read=body.is_read
    )


@endpoint(
    bp,
    "POST",
    "api/v1/notifications/mark-all-read",
    returns={200: ReadCount},
    successor="api/v1/notifications/read-all",
)
async def mark_all_notifications_read(call: Call) -> ReadCount:
    """Mark all notifications as read."""
    return await notifications.read_all(call.tx, call.principal)
