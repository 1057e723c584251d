"""The table ``notifications``."""

from shared.notifications.schemas import NotificationMessage
from shared.platform.db import Transaction


async def insert_once(transaction: Transaction, message: NotificationMessage) -> bool:
    """Adds the notification unless the user has it already, or is gone."""
    cursor = await transaction.connection.execute(
        """
        INSERT INTO notifications
          (user_id, event_key, type, category, title, message, action_url)
        SELECT id, %(event_key)s, %(type)s, %(category)s, %(title)s, %(message)s, %(action_url)s
        FROM profiles WHERE id = %(user_id)s
        ON CONFLICT (user_id, event_key) DO NOTHING
        """,
        message.model_dump(),
    )
    return cursor.rowcount == 1
