"""The table ``api_keys``."""

from datetime import datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from shared.api_keys.schemas import ApiKeyOut, ApiKeyUsage
from shared.platform.data.db import Transaction
from shared.platform.http.auth.principal import Principal
from shared.platform.http.pagination import Instant


async def insert_key(
    transaction: Transaction,
    user_id: UUID,
    *,
    name: str,
    key_hash: str,
    key_prefix: str,
    permissions: list[str],
    rate_limit: int,
    expires_at: datetime | None,
) -> ApiKeyOut:
    """The new key."""
    return (
        await transaction.fetch(
            ApiKeyOut,
            """
        INSERT INTO api_keys
          (user_id, name, key_hash, key_prefix, permissions, rate_limit, expires_at)
        VALUES (%(user_id)s, %(name)s, %(key_hash)s, %(key_prefix)s, %(permissions)s,
          %(rate_limit)s, %(expires_at)s)
        RETURNING id, name, key_prefix, status, permissions, rate_limit, last_used_at,
          expires_at, created_at
        """,
            {
                "user_id": user_id,
                "name": name,
                "key_hash": key_hash,
                "key_prefix": key_prefix,
                "permissions": Jsonb(permissions),
                "rate_limit": rate_limit,
                "expires_at": expires_at,
            },
        )
    )[0]


async def list_keys(
    transaction: Transaction, user_id: UUID, *, before: Instant, limit: int
) -> list[ApiKeyOut]:
    """Up to ``limit`` keys of the user under ``before``, newest first."""
    return await transaction.fetch(
        ApiKeyOut,
        """
        SELECT id, name, key_prefix, permissions, rate_limit, last_used_at, expires_at,
          created_at,
          CASE WHEN status = 'active' AND expires_at <= now() THEN 'expired' ELSE status END
            AS status
        FROM api_keys
        WHERE user_id = %(user_id)s AND (created_at, id) < (%(moment)s, %(id)s)
        ORDER BY created_at DESC, id DESC LIMIT %(limit)s
        """,
        {"user_id": user_id, "moment": before[0], "id": before[1], "limit": limit},
    )


async def find_usage(transaction: Transaction, user_id: UUID, key_id: UUID) -> ApiKeyUsage | None:
    """How the user's key was used."""
    return await transaction.fetch_one(
        ApiKeyUsage,
        """
        SELECT id, rate_limit, usage_count, last_used_at, last_used_ip,
          CASE WHEN status = 'active' AND expires_at <= now() THEN 'expired' ELSE status END
            AS status
        FROM api_keys WHERE id = %(key_id)s AND user_id = %(user_id)s
        """,
        {"key_id": key_id, "user_id": user_id},
    )


async def replace_secret(
    transaction: Transaction, user_id: UUID, key_id: UUID, *, key_hash: str, key_prefix: str
) -> ApiKeyOut | None:
    """The user's key with another secret, if it is active and not expired."""
    return await transaction.fetch_one(
        ApiKeyOut,
        """
        UPDATE api_keys SET key_hash = %(key_hash)s, key_prefix = %(key_prefix)s
        WHERE id = %(key_id)s AND user_id = %(user_id)s AND status = 'active'
          AND (expires_at IS NULL OR expires_at > now())
        RETURNING id, name, key_prefix, status, permissions, rate_limit, last_used_at,
          expires_at, created_at
        """,
        {
            "key_id": key_id,
            "user_id": user_id,
            "key_hash": key_hash,
            "key_prefix": key_prefix,
        },
    )


async def use_key(
    transaction: Transaction, hashes: list[str], address: str | None
) -> Principal | None:
    """The owner of a key that is active and not expired; notes the use.

    A key that is found by a later one of its ``hashes`` has the first one from now on.
    """
    cursor = await transaction.connection.execute(
        """
        UPDATE api_keys SET usage_count = usage_count + 1, last_used_at = now(),
          last_used_ip = %(address)s, key_hash = (%(hashes)s::text[])[1]
        WHERE key_hash = ANY(%(hashes)s::text[]) AND status = 'active'
          AND (expires_at IS NULL OR expires_at > now())
        RETURNING id, user_id, permissions, rate_limit
        """,
        {"hashes": hashes, "address": address},
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
