"""Sending, delivering and reading notifications."""

from shared.activity import service as activity
from shared.notifications import repo
from shared.notifications.schemas import (
    NotificationMessage,
    NotificationOut,
    NotificationPage,
    NotificationQuery,
    PreferencesOut,
    PreferencesUpdate,
    ReadCount,
)
from shared.platform.data import outbox
from shared.platform.data.db import Transaction
from shared.platform.errors import NotFound
from shared.platform.http.auth.principal import Principal
from shared.platform.http.pagination import make_page
from shared.queue_names import NOTIFICATIONS


async def notify(transaction: Transaction, message: NotificationMessage) -> None:
    """Promises the notification: it is delivered after the commit, once per user and event."""
    key = f"notification:{message.user_id}:{message.event_key}"
    await outbox.add(transaction, outbox.SendMessage.to(NOTIFICATIONS, message), key=key)


async def deliver(transaction: Transaction, message: NotificationMessage) -> bool:
    """Writes the notification; False when it was delivered before, or the user wants none."""
    return await repo.insert_once(transaction, message)


async def list_notifications(
    transaction: Transaction, principal: Principal, query: NotificationQuery
) -> NotificationPage:
    """A page of the caller's notifications, newest first."""
    rows = await repo.list_notifications(
        transaction,
        principal.user_id,
        unread=query.unread,
        below=query.below,
        limit=query.limit + 1,
    )
    page = make_page(rows, query, lambda notification: notification.id)
    unread = await repo.count_unread(transaction, principal.user_id)
    return NotificationPage(data=page.data, meta=page.meta, unread_count=unread)


async def set_read(
    transaction: Transaction, principal: Principal, notification_id: int, *, is_read: bool
) -> NotificationOut:
    """The caller's notification, read or unread from now on.

    Raises:
        NotFound: the caller has no such notification.
    """
    notification = await repo.set_read(
        transaction, principal.user_id, notification_id, is_read=is_read
    )
    if notification is None:
        raise NotFound("You have no such notification.")
    action = "notification.read" if is_read else "notification.unread"
    await activity.record(transaction, principal.user_id, action, "notification", notification_id)
    return notification


async def read_all(transaction: Transaction, principal: Principal) -> ReadCount:
    """Marks all of the caller's notifications as read."""
    updated = await repo.read_all(transaction, principal.user_id)
    if updated:
        await activity.record(
            transaction,
            principal.user_id,
            "notification.all_read",
            "notification",
            "all",
            updated=updated,
        )
    return ReadCount(updated=updated)


async def delete_notification(
    transaction: Transaction, principal: Principal, notification_id: int
) -> None:
    """Removes the caller's notification.

    Raises:
        NotFound: the caller has no such notification.
    """
    if not await repo.delete_notification(transaction, principal.user_id, notification_id):
        raise NotFound("You have no such notification.")
    await activity.record(
        transaction, principal.user_id, "notification.deleted", "notification", notification_id
    )


async def get_preferences(transaction: Transaction, principal: Principal) -> PreferencesOut:
    """What the caller wants to hear of.

    Raises:
        NotFound: the account was deleted.
    """
    preferences = await repo.find_preferences(transaction, principal.user_id)
    if preferences is None:
        raise NotFound("You have no notification preferences.")
    return preferences


async def update_preferences(
    transaction: Transaction, principal: Principal, update: PreferencesUpdate
) -> PreferencesOut:
    """What the caller wants to hear of from now on.

    Raises:
        NotFound: the account was deleted.
    """
    changes = update.changes()
    await repo.update_preferences(transaction, principal.user_id, changes)
    preferences = await get_preferences(transaction, principal)
    await activity.record(
        transaction,
        principal.user_id,
        "notification_preferences.updated",
        "notification_preferences",
        principal.user_id,
        **changes,
    )
    return preferences
