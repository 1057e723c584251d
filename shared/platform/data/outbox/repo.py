"""The table ``outbox``."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from shared.platform.data.db import Transaction


@dataclass(frozen=True, slots=True)
class Promised:
    """A side effect that is to be done."""

    id: int
    kind: str
    payload: dict[str, Any]
    created_at: datetime


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


async def list_new(transaction: Transaction, *, known: list[int]) -> list[int]:
    """The rows that were inserted in this transaction, less those that are ``known``."""
    cursor = await transaction.connection.execute(
        """
        SELECT id FROM outbox
        WHERE sent_at IS NULL AND xmin = pg_current_xact_id()::xid
          AND NOT id = ANY(%(known)s::bigint[])
        ORDER BY id
        """,
        {"known": known},
    )
    return [row["id"] for row in await cursor.fetchall()]


async def take(
    transaction: Transaction,
    *,
    kinds: list[str],
    ids: list[int] | None,
    older_than: timedelta,
    taken_for: timedelta,
    limit: int,
) -> list[Promised]:
    """Up to ``limit`` rows that are due, oldest first; nobody else takes them ``taken_for``."""
    return await transaction.fetch(
        Promised,
        """
        WITH due AS (
          SELECT id FROM outbox
          WHERE sent_at IS NULL AND available_at <= clock_timestamp()
            AND created_at <= clock_timestamp() - %(older_than)s AND kind = ANY(%(kinds)s::text[])
            AND (%(ids)s::bigint[] IS NULL OR id = ANY(%(ids)s::bigint[]))
          ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
        ), taken AS (
          UPDATE outbox SET attempts = attempts + 1,
            available_at = clock_timestamp() + %(taken_for)s
          WHERE id IN (SELECT id FROM due)
          RETURNING id, kind, payload, created_at
        )
        SELECT * FROM taken ORDER BY id
        """,
        {
            "kinds": kinds,
            "ids": ids,
            "older_than": older_than,
            "taken_for": taken_for,
            "limit": limit,
        },
    )


async def mark(transaction: Transaction, row_id: int, problem: str | None) -> None:
    """Remembers that a row was sent; or else puts it off: 5 s at first, doubling up to an hour."""
    await transaction.connection.execute(
        """
        UPDATE outbox SET last_error = coalesce(%(problem)s, last_error),
          sent_at = CASE WHEN %(problem)s::text IS NULL THEN clock_timestamp() ELSE sent_at END,
          available_at = clock_timestamp()
            + least(3600, 5 * 2 ^ least(attempts - 1, 12)) * interval '1 second'
        WHERE id = %(id)s
        """,
        {"id": row_id, "problem": problem and problem[:500]},
    )


async def delete_sent(transaction: Transaction, *, older_than: timedelta) -> None:
    """Deletes rows that were sent so long ago."""
    await transaction.connection.execute(
        "DELETE FROM outbox WHERE sent_at < clock_timestamp() - %(older_than)s",
        {"older_than": older_than},
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
