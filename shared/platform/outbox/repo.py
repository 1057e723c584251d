"""The table ``outbox``."""

from datetime import timedelta
from typing import Any

from psycopg.types.json import Jsonb

from shared.platform.db import Transaction


async def insert(
    transaction: Transaction, *, kind: str, key: str, payload: dict[str, Any]
) -> int | None:
    """The id of the new row, or None when ``key`` was promised before."""
    cursor = await transaction.connection.execute(
        """
        INSERT INTO outbox (kind, key, payload) VALUES (%(kind)s, %(key)s, %(payload)s)
        ON CONFLICT (key) DO NOTHING RETURNING id
        """,
        {"kind": kind, "key": key, "payload": Jsonb(payload)},
    )
    row = await cursor.fetchone()
    return row["id"] if row else None


async def claim(
    transaction: Transaction, *, ids: list[int] | None, older_than: timedelta, limit: int
) -> list[dict[str, Any]]:
    """Up to ``limit`` unsent rows, oldest first, locked; those that others hold are passed over."""
    cursor = await transaction.connection.execute(
        """
        SELECT id, kind, payload, created_at FROM outbox
        WHERE sent_at IS NULL AND available_at <= clock_timestamp()
          AND created_at <= clock_timestamp() - %(older_than)s
          AND (%(ids)s::bigint[] IS NULL OR id = ANY(%(ids)s::bigint[]))
        ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
        """,
        {"ids": ids, "older_than": older_than, "limit": limit},
    )
    return await cursor.fetchall()


async def mark_sent(transaction: Transaction, row_id: int) -> None:
    """Remembers that the side effect has happened."""
    await transaction.connection.execute(
        "UPDATE outbox SET sent_at = clock_timestamp(), attempts = attempts + 1 WHERE id = %(id)s",
        {"id": row_id},
    )


async def mark_failed(transaction: Transaction, row_id: int, error: str) -> None:
    """Puts the row off: 5 s at first, doubling up to an hour."""
    await transaction.connection.execute(
        """
        UPDATE outbox SET attempts = attempts + 1, last_error = %(error)s,
          available_at = clock_timestamp()
            + least(3600, 5 * 2 ^ least(attempts, 12)) * interval '1 second'
        WHERE id = %(id)s
        """,
        {"id": row_id, "error": error[:500]},
    )


async def has_older(transaction: Transaction, kind: str, age: timedelta) -> bool:
    """Whether a row of ``kind`` has waited longer than ``age``."""
    cursor = await transaction.connection.execute(
        """
        SELECT EXISTS (
          SELECT FROM outbox WHERE sent_at IS NULL AND kind = %(kind)s
            AND created_at < clock_timestamp() - %(age)s
        ) AS found
        """,
        {"kind": kind, "age": age},
    )
    return bool((await cursor.fetchall())[0]["found"])
