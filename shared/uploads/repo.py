"""The table ``uploads``."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from shared.platform.data.db import Transaction
from shared.uploads.schemas import UploadCreate


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload, and how far it is."""

    id: int
    user_id: UUID
    key: UUID
    kind: str
    filename: str
    size: int
    status: str
    attempt: int
    etag: str | None
    format: str | None
    records: int
    rows: int
    rejected: dict[str, int]
    problems: list[dict[str, Any]]
    labels: dict[str, int]
    label_count: int
    failure_reason: str | None
    created_at: datetime
    completed_at: datetime | None

    @property
    def blob_name(self) -> str:
        """Where its file is stored."""
        return f"uploads/{self.key}/file"

    def runs(self, attempt: int) -> bool:
        """Whether this attempt goes on."""
        return self.status == "running" and self.attempt == attempt


async def insert_upload(
    transaction: Transaction, user_id: UUID, key: UUID, upload: UploadCreate
) -> int:
    """Adds an upload that was asked for; its id."""
    cursor = await transaction.connection.execute(
        """
        INSERT INTO uploads (user_id, key, kind, filename, size)
        VALUES (%(user_id)s, %(key)s, %(kind)s, %(filename)s, %(size)s) RETURNING id
        """,
        {"user_id": user_id, "key": key, **upload.model_dump()},
    )
    (added,) = await cursor.fetchall()
    return int(added["id"])


async def list_uploads(
    transaction: Transaction,
    *,
    user_id: UUID | None = None,
    upload_id: int | None = None,
    below: int = 2**63 - 1,
    limit: int = 1,
) -> list[Upload]:
    """Up to ``limit`` uploads with ids under ``below``, newest first: of a user, or that one."""
    return await transaction.fetch(
        Upload,
        """
        SELECT id, user_id, key, kind, filename, size, status, attempt, etag, format, records,
          rows, rejected, problems, labels, label_count, failure_reason, created_at, completed_at
        FROM uploads
        WHERE id < %(below)s
          AND (%(user_id)s::uuid IS NULL OR user_id = %(user_id)s)
          AND (%(upload_id)s::bigint IS NULL OR id = %(upload_id)s)
        ORDER BY id DESC LIMIT %(limit)s
        """,
        {"user_id": user_id, "upload_id": upload_id, "below": below, "limit": limit},
    )


async def lock_upload(transaction: Transaction, upload_id: int) -> Upload | None:
    """The upload, locked until the commit; its owner stays as long and is locked before it."""
    await transaction.connection.execute(
        """
        WITH owner AS (
          SELECT id FROM profiles
          WHERE id = (SELECT user_id FROM uploads WHERE id = %(id)s) FOR KEY SHARE
        )
        SELECT FROM uploads JOIN owner ON owner.id = user_id
        WHERE uploads.id = %(id)s FOR UPDATE OF uploads
        """,
        {"id": upload_id},
    )
    found = await list_uploads(transaction, upload_id=upload_id)
    return found[0] if found else None


async def keep_upload(transaction: Transaction, upload_id: int) -> None:
    """Until the commit nobody deletes the upload; others may keep it, too."""
    await transaction.connection.execute(
        "SELECT FROM uploads WHERE id = %(id)s FOR KEY SHARE", {"id": upload_id}
    )


async def count_uploads(transaction: Transaction, user_id: UUID) -> tuple[int, int]:
    """How many uploads the user has, and how many of them wait for their file."""
    cursor = await transaction.connection.execute(
        """
        SELECT count(*) AS uploads, count(*) FILTER (WHERE status = 'pending') AS pending
        FROM uploads WHERE user_id = %(user_id)s
        """,
        {"user_id": user_id},
    )
    (counted,) = await cursor.fetchall()
    return counted["uploads"], counted["pending"]


async def mark_running(transaction: Transaction, upload_id: int) -> None:
    """The upload's file is read from now on."""
    await transaction.connection.execute(
        "UPDATE uploads SET status = 'running', attempt = attempt + 1 WHERE id = %(id)s",
        {"id": upload_id},
    )


async def note_file(transaction: Transaction, upload_id: int, *, etag: str, format_: str) -> None:
    """Notes which file is read, and in what form it is."""
    await transaction.connection.execute(
        "UPDATE uploads SET etag = %(etag)s, format = %(format)s WHERE id = %(id)s",
        {"id": upload_id, "etag": etag, "format": format_},
    )


async def note_progress(
    transaction: Transaction,
    upload_id: int,
    *,
    records: int,
    rows: int,
    rejected: dict[str, int],
    problems: list[dict[str, Any]],
) -> None:
    """How far the file was read, and what came of it."""
    await transaction.connection.execute(
        """
        UPDATE uploads SET records = %(records)s, rows = %(rows)s, rejected = %(rejected)s,
          problems = %(problems)s
        WHERE id = %(id)s
        """,
        {
            "id": upload_id,
            "records": records,
            "rows": rows,
            "rejected": Jsonb(rejected),
            "problems": Jsonb(problems),
        },
    )


async def complete(
    transaction: Transaction, upload_id: int, labels: dict[str, int], label_count: int
) -> None:
    """The upload can be used."""
    await transaction.connection.execute(
        """
        UPDATE uploads SET status = 'completed', completed_at = now(), labels = %(labels)s,
          label_count = %(label_count)s
        WHERE id = %(id)s
        """,
        {"id": upload_id, "labels": Jsonb(labels), "label_count": label_count},
    )


async def fail(transaction: Transaction, upload_id: int, reason: str) -> None:
    """The upload cannot be used."""
    await transaction.connection.execute(
        """
        UPDATE uploads SET status = 'failed', completed_at = now(), failure_reason = %(reason)s,
          rows = 0
        WHERE id = %(id)s
        """,
        {"id": upload_id, "reason": reason},
    )


async def is_needed(transaction: Transaction, upload_id: int) -> bool:
    """Whether a job that has not ended crawls the upload."""
    cursor = await transaction.connection.execute(
        """
        SELECT EXISTS (SELECT FROM crawl_jobs
          WHERE upload_id = %(id)s AND status IN ('pending', 'running')) AS found
        """,
        {"id": upload_id},
    )
    return bool((await cursor.fetchall())[0]["found"])


async def delete_upload(transaction: Transaction, upload_id: int) -> None:
    """Forgets the upload; a trigger promises that its blobs go."""
    await transaction.connection.execute("DELETE FROM uploads WHERE id = %(id)s", {"id": upload_id})


async def delete_unfinished(transaction: Transaction, *, hours: int) -> None:
    """Forgets what was asked for so long ago and never completed, save what somebody has locked."""
    await transaction.connection.execute(
        """
        DELETE FROM uploads WHERE id IN (
          SELECT id FROM uploads
          WHERE status = 'pending' AND created_at < now() - %(hours)s * interval '1 hour'
          FOR UPDATE SKIP LOCKED)
        """,
        {"hours": hours},
    )


async def list_states(transaction: Transaction, keys: list[UUID]) -> dict[UUID, str]:
    """The status of the uploads with these keys, as far as there are any."""
    cursor = await transaction.connection.execute(
        "SELECT key, status FROM uploads WHERE key = ANY(%(keys)s)", {"keys": keys}
    )
    return {row["key"]: row["status"] for row in await cursor.fetchall()}
