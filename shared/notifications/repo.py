"""The tables ``notifications`` and ``notification_preferences``."""

from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from shared.notifications.schemas import NotificationMessage, NotificationOut, PreferencesOut
from shared.platform.data.db import Transaction


async def insert_once(transaction: Transaction, message: NotificationMessage) -> bool:
    """Adds the notification unless the user has it already, wants none of its kind, or is gone."""
    cursor = await transaction.connection.execute(
        """
        INSERT INTO notifications
          (user_id, event_key, type, category, title, message, action_url)
        SELECT id, %(event_key)s, %(type)s, %(category)s, %(title)s, %(message)s, %(action_url)s
        FROM profiles WHERE id = %(user_id)s AND NOT EXISTS (
          SELECT FROM notification_preferences AS wanted
          WHERE wanted.user_id = %(user_id)s
            AND to_jsonb(wanted) -> (%(category)s::varchar || '_enabled') = 'false')
        ON CONFLICT (user_id, event_key) DO NOTHING
        """,
        message.model_dump(),
    )
    return cursor.rowcount == 1


async def list_notifications(
    transaction: Transaction, user_id: UUID, *, unread: bool | None, below: int, limit: int
) -> list[NotificationOut]:
    """Up to ``limit`` notifications of the user with ids under ``below``, newest first."""
    return await transaction.fetch(
        NotificationOut,
        """
        SELECT id, type, category, title, message, icon, color, action_url, action_label,
          is_read, read_at, created_at
        FROM notifications
        WHERE user_id = %(user_id)s AND id < %(below)s
          AND (%(unread)s::bool IS NULL OR is_read <> %(unread)s)
        ORDER BY id DESC LIMIT %(limit)s
        """,
        {"user_id": user_id, "unread": unread, "below": below, "limit": limit},
    )


async def count_unread(transaction: Transaction, user_id: UUID) -> int:
    """How many notifications the user has not read."""
    cursor = await transaction.connection.execute(
        "SELECT count(*) AS unread FROM notifications WHERE user_id = %(id)s AND NOT is_read",
        {"id": user_id},
    )
    return int((await cursor.fetchall())[0]["unread"])


async def set_read(
    transaction: Transaction, user_id: UUID, notification_id: int, *, is_read: bool
) -> NotificationOut | None:
    """The user's notification, now read or unread; the moment it was first read stays."""
    return await transaction.fetch_one(
        NotificationOut,
        """
        UPDATE notifications SET is_read = %(is_read)s,
          read_at = CASE WHEN %(is_read)s THEN coalesce(read_at, now()) END
        WHERE id = %(id)s AND user_id = %(user_id)s
        RETURNING id, type, category, title, message, icon, color, action_url, action_label,
          is_read, read_at, created_at
        """,
        {"id": notification_id, "user_id": user_id, "is_read": is_read},
    )


async def read_all(transaction: Transaction, user_id: UUID) -> int:
    """Marks all of the user's notifications as read; returns how many were not."""
    cursor = await transaction.connection.execute(
        """
        UPDATE notifications SET is_read = true, read_at = now()
        WHERE id IN (
          SELECT id FROM notifications WHERE user_id = %(user_id)s AND NOT is_read
          ORDER BY id FOR UPDATE)
        """,
        {"user_id": user_id},
    )
    return cursor.rowcount


async def delete_notification(
    transaction: Transaction, user_id: UUID, notification_id: int
) -> bool:
    """Whether the user had such a notification; it is gone then."""
    cursor = await transaction.connection.execute(
        "DELETE FROM notifications WHERE id = %(id)s AND user_id = %(user_id)s",
        {"id": notification_id, "user_id": user_id},
    )
    return cursor.rowcount == 1


async def find_preferences(transaction: Transaction, user_id: UUID) -> PreferencesOut | None:
    """What the user wants to hear of."""
    return await transaction.fetch_one(
        PreferencesOut,
        """
        SELECT email_enabled, push_enabled, sms_enabled, crawl_jobs_enabled,
          datasets_enabled, billing_enabled, security_enabled, marketing_enabled,
          product_updates_enabled, digest_frequency, quiet_hours_start, quiet_hours_end
        FROM notification_preferences WHERE user_id = %(user_id)s
        """,
        {"user_id": user_id},
    )


async def update_preferences(
    transaction: Transaction, user_id: UUID, changes: dict[str, Any]
) -> None:
    """Makes ``changes`` to what the user wants to hear of."""
    await transaction.connection.execute(
        """
        UPDATE notification_preferences AS p SET (
          email_enabled, push_enabled, sms_enabled, crawl_jobs_enabled, datasets_enabled,
          billing_enabled, security_enabled, marketing_enabled, product_updates_enabled,
          digest_frequency, quiet_hours_start, quiet_hours_end
        ) = (
          SELECT email_enabled, push_enabled, sms_enabled, crawl_jobs_enabled, datasets_enabled,
            billing_enabled, security_enabled, marketing_enabled, product_updates_enabled,
            digest_frequency, quiet_hours_start, quiet_hours_end
          FROM jsonb_populate_record(p, %(changes)s::jsonb)
        )
        WHERE user_id = %(user_id)s
        """,
        {"user_id": user_id, "changes": Jsonb(changes)},
    )
