"""The table ``idempotency_keys``."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from shared.platform.data.db import Transaction


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The first answer to a key, and a hash of what was asked."""

    request_hash: bytes
    status: int
    headers: dict[str, str]
    body: bytes


async def try_lock(transaction: Transaction, user_id: UUID, key: str) -> bool:
    """Takes the key until the transaction ends; False while another has it."""
    cursor = await transaction.connection.execute(
        """
        SELECT pg_try_advisory_xact_lock(hashtextextended(%(user_id)s || ':' || %(key)s, 0)) AS mine
        """,
        {"user_id": str(user_id), "key": key},
    )
    return bool((await cursor.fetchall())[0]["mine"])


async def find_answer(transaction: Transaction, user_id: UUID, key: str) -> StoredAnswer | None:
    """The committed answer to the key, if it came within the last 24 hours."""
    return await transaction.fetch_one(
        StoredAnswer,
        """
        SELECT request_hash, status, headers, body FROM idempotency_keys
        WHERE user_id = %(user_id)s AND key = %(key)s
          AND created_at > now() - interval '24 hours'
        """,
        {"user_id": user_id, "key": key},
    )


async def insert_answer(
    transaction: Transaction, user_id: UUID, key: str, answer: StoredAnswer
) -> None:
    """Keeps the answer, in place of one that is over 24 hours old."""
    values: dict[str, Any] = {
        "user_id": user_id,
        "key": key,
        "request_hash": answer.request_hash,
        "status": answer.status,
        "headers": Jsonb(answer.headers),
        "body": answer.body,
    }
    await transaction.connection.execute(
        """
        INSERT INTO idempotency_keys (user_id, key, request_hash, status, headers, body)
        VALUES (%(user_id)s, %(key)s, %(request_hash)s, %(status)s, %(headers)s, %(body)s)
        ON CONFLICT (user_id, key) DO UPDATE SET request_hash = excluded.request_hash,
          status = excluded.status, headers = excluded.headers, body = excluded.body,
          created_at = now()
        """,
        values,
    )


async def delete_expired(transaction: Transaction) -> int:
    """Forgets answers older than 24 hours, but for those being replaced; returns how many."""
    cursor = await transaction.connection.execute(
        """
        DELETE FROM idempotency_keys WHERE (user_id, key) IN (
          SELECT user_id, key FROM idempotency_keys
          WHERE created_at <= now() - interval '24 hours'
          FOR UPDATE SKIP LOCKED)
        """
    )
    return cursor.rowcount
