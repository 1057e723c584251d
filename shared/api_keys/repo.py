"""The table ``api_keys``."""

from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from shared.api_keys.schemas import ApiKeyOut
from shared.platform.db import Transaction
from shared.platform.principal import Principal


async def insert_key(
    transaction: Transaction,
    user_id: UUID,
    *,
    name: str,
    key_hash: str,
    key_prefix: str,
    permissions: list[str],
    expires_at: datetime | None,
) -> ApiKeyOut:
    """The new key."""
    async with transaction.connection.cursor(row_factory=class_row(ApiKeyOut)) as cursor:
        await cursor.execute(
            """
            INSERT INTO api_keys (user_id, name, key_hash, key_prefix, permissions, expires_at)
            VALUES (%(user_id)s, %(name)s, %(key_hash)s, %(key_prefix)s, %(permissions)s,
              %(expires_at)s)
            RETURNING id, name, key_prefix, status, permissions, last_used_at, expires_at,
              created_at
            """,
            {
                "user_id": user_id,
                "name": name,
                "key_hash": key_hash,
                "key_prefix": key_prefix,
                "permissions": Jsonb(permissions),
                "expires_at": expires_at,
            },
        )
        return (await cursor.fetchall())[0]


async def use_key(transaction: Transaction, key_hash: str) -> Principal | None:
    """The owner of a key that is active and not expired; counts the use."""
    cursor = await transaction.connection.execute(
        """
        UPDATE api_keys SET usage_count = usage_count + 1, last_used_at = now()
        WHERE key_hash = %(key_hash)s AND status = 'active'
          AND (expires_at IS NULL OR expires_at > now())
        RETURNING id, user_id, permissions, rate_limit
        """,
        {"key_hash": key_hash},
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    return Principal(
        row["user_id"],
        permissions=frozenset(row["permissions"]),
        key_id=row["id"],
        rate_limit=row["rate_limit"],
    )


async def revoke_key(transaction: Transaction, user_id: UUID, key_id: UUID) -> bool:
    """Whether the user has such a key; it is revoked then."""
    cursor = await transaction.connection.execute(
        """
        UPDATE api_keys SET status = 'revoked' WHERE id = %(key_id)s AND user_id = %(user_id)s
        """,
        {"key_id": key_id, "user_id": user_id},
    )
    return cursor.rowcount == 1
