"""Sending and delivering notifications."""

from shared.notifications import repo
from shared.notifications.schemas import QUEUE, NotificationMessage
from shared.platform import outbox
from shared.platform.db import Transaction


async def notify(transaction: Transaction, message: NotificationMessage) -> None:
    """Promises the notification: it is delivered after the commit, once per user and event."""
    await outbox.add(
        transaction,
        "queue_message",
        {"queue": QUEUE, "message": message.model_dump(mode="json")},
        key=f"notification:{message.user_id}:{message.event_key}",
    )


async def deliver(transaction: Transaction, message: NotificationMessage) -> bool:
    """Writes the notification; False when it was delivered before."""
    return await repo.insert_once(transaction, message)
