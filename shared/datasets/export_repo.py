"""The table ``exports``, and what becomes of all parts of one; `part_repo` has each of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from shared.platform.data.db import Transaction


@dataclass(frozen=True, slots=True)
class Export:
    """An export with the version that it is of, and how far it is."""

    id: int
    version_id: int
    job_id: int
    user_id: UUID
    number: int
    key: str
    options: dict[str, Any]
    status: str
    restoring: bool
    attempt: int
    files: list[dict[str, Any]]
    counts: dict[str, dict[str, int]]
    failure_reason: str | None
    created_at: datetime
    completed_at: datetime | None
    expires_at: datetime | None
    parts: int
    parts_done: int
    job_created_at: datetime


async def list_exports(
    transaction: Transaction,
    *,
    user_id: UUID | None = None,
    job_id: int | None = None,
    export_id: int | None = None,
    below: int = 2**63 - 1,
    limit: int = 1,
) -> list[Export]:
    """Up to ``limit`` exports with ids under ``below``, newest first: of a user, job or id."""
    return await transaction.fetch(
        Export,
        """
        SELECT e.id, version_id, v.job_id, p.user_id, v.number, key, e.options, e.status,
          e.restoring AND e.status = 'running' AS restoring, e.attempt, files, v.counts,
          e.failure_reason, e.created_at, e.completed_at, e.expires_at, n.parts, n.parts_done,
          j.created_at AS job_created_at
        FROM exports AS e JOIN dataset_versions AS v ON v.id = e.version_id
          JOIN crawl_jobs AS j ON j.id = v.job_id JOIN projects AS p ON p.id = j.project_id,
        LATERAL (SELECT count(*) AS parts, count(done_at) AS parts_done FROM export_parts
          WHERE export_id = e.id) AS n
        WHERE e.id < %(below)s
          AND (%(user_id)s::uuid IS NULL OR p.user_id = %(user_id)s)
          AND (%(job_id)s::int IS NULL OR v.job_id = %(job_id)s)
          AND (%(export_id)s::bigint IS NULL OR e.id = %(export_id)s)
        ORDER BY e.id DESC LIMIT %(limit)s
        """,
        {
            "user_id": user_id,
            "job_id": job_id,
            "export_id": export_id,
            "below": below,
            "limit": limit,
        },
    )


async def lock_export(transaction: Transaction, export_id: int) -> Export | None:
    """The export, locked until the commit."""
    await transaction.connection.execute(
        "SELECT FROM exports WHERE id = %(id)s FOR UPDATE", {"id": export_id}
    )
    found = await list_exports(transaction, export_id=export_id)
    return found[0] if found else None


async def find_export(transaction: Transaction, version_id: int, key: str) -> int | None:
    """The version's export with that key."""
    cursor = await transaction.connection.execute(
        "SELECT id FROM exports WHERE version_id = %(version_id)s AND key = %(key)s",
        {"version_id": version_id, "key": key},
    )
    row = await cursor.fetchone()
    return row["id"] if row else None


async def insert_export(
    transaction: Transaction, version_id: int, key: str, options: dict[str, Any]
) -> int:
    """Adds an export that is being built; its id."""
    cursor = await transaction.connection.execute(
        """
        INSERT INTO exports (version_id, key, options)
        VALUES (%(version_id)s, %(key)s, %(options)s) RETURNING id
        """,
        {"version_id": version_id, "key": key, "options": Jsonb(options)},
    )
    (added,) = await cursor.fetchall()
    return int(added["id"])


async def start_again(transaction: Transaction, export_id: int) -> None:
    """Makes the next attempt at an export."""
    await transaction.connection.execute(
        """
        UPDATE exports SET status = 'running', attempt = attempt + 1, failure_reason = NULL,
          files = '[]', restoring = false, completed_at = NULL, expires_at = NULL
        WHERE id = %(id)s
        """,
        {"id": export_id},
    )
    await transaction.connection.execute(
        "DELETE FROM export_parts WHERE export_id = %(id)s", {"id": export_id}
    )


async def set_restoring(
    transaction: Transaction, export_id: int, attempt: int, *, restoring: bool
) -> None:
    """Notes whether a running attempt waits for storage."""
    await transaction.connection.execute(
        """
        UPDATE exports SET restoring = %(restoring)s
        WHERE id = %(id)s AND attempt = %(attempt)s AND status = 'running'
        """,
        {"id": export_id, "attempt": attempt, "restoring": restoring},
    )


async def count_there(transaction: Transaction, export_ids: Sequence[int]) -> tuple[int, int]:
    """How many of these exports are there still, and how many of those wait for storage."""
    cursor = await transaction.connection.execute(
        """
        SELECT count(*) AS there, count(*) FILTER (WHERE restoring) AS waiting
        FROM exports WHERE id = ANY(%(ids)s)
        """,
        {"ids": list(export_ids)},
    )
    (row,) = await cursor.fetchall()
    return row["there"], row["waiting"]


async def complete(
    transaction: Transaction, export_id: int, files: list[dict[str, Any]], *, days: int
) -> None:
    """The export is there, for so many days; how it was built is forgotten."""
    await transaction.connection.execute(
        """
        UPDATE exports SET status = 'completed', files = %(files)s, completed_at = now(),
          expires_at = now() + %(days)s * interval '1 day'
        WHERE id = %(id)s
        """,
        {"id": export_id, "files": Jsonb(files), "days": days},
    )
    await transaction.connection.execute(
        "UPDATE export_parts SET result = NULL WHERE export_id = %(id)s", {"id": export_id}
    )


async def fail(transaction: Transaction, export_id: int, reason: str) -> None:
    """The export cannot be built."""
    await transaction.connection.execute(
        "UPDATE exports SET status = 'failed', failure_reason = %(reason)s WHERE id = %(id)s",
        {"id": export_id, "reason": reason},
    )


async def delete_export(transaction: Transaction, export_id: int) -> None:
    """Forgets the export."""
    await transaction.connection.execute("DELETE FROM exports WHERE id = %(id)s", {"id": export_id})


async def lock_expired(transaction: Transaction, *, limit: int) -> list[int]:
    """Exports whose time is over, locked until the commit."""
    cursor = await transaction.connection.execute(
        """
        SELECT id FROM exports WHERE status = 'completed' AND expires_at < now()
        ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
        """,
        {"limit": limit},
    )
    return [row["id"] for row in await cursor.fetchall()]


async def expire(transaction: Transaction, export_id: int) -> None:
    """The export's files are there no longer."""
    await transaction.connection.execute(
        "UPDATE exports SET status = 'expired' WHERE id = %(id)s", {"id": export_id}
    )
