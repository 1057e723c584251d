"""The table ``runs``."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.platform.data.db import Transaction
from shared.runs.model import Kind, Run


@dataclass(frozen=True, slots=True)
class Running:
    """A run that goes on: how often it was restarted without a sign of life in between."""

    run: Run
    restarts: int
    hangs: bool


async def lock_user(transaction: Transaction, user_id: UUID) -> None:
    """Until the commit no other run of the user begins."""
    await transaction.connection.execute(
        # As weak as it may be: rows inserted before for this user hold a share of the key.
        "SELECT FROM profiles WHERE id = %(user_id)s FOR NO KEY UPDATE",
        {"user_id": user_id},
    )


async def count_running(transaction: Transaction, kind: Kind, user_id: UUID) -> int:
    """How many of the user's runs of this kind go on."""
    cursor = await transaction.connection.execute(
        """
        SELECT count(*) AS running FROM runs
        WHERE user_id = %(user_id)s AND kind = %(kind)s AND status = 'running'
        """,
        {"user_id": user_id, "kind": kind.name},
    )
    return int((await cursor.fetchall())[0]["running"])


async def list_running_of(transaction: Transaction, kind: Kind, user_id: UUID) -> list[int]:
    """The subjects of the user's runs that go on."""
    cursor = await transaction.connection.execute(
        """
        SELECT subject_id FROM runs
        WHERE user_id = %(user_id)s AND kind = %(kind)s AND status = 'running' ORDER BY subject_id
        """,
        {"user_id": user_id, "kind": kind.name},
    )
    return [row["subject_id"] for row in await cursor.fetchall()]


async def insert(transaction: Transaction, run: Run, user_id: UUID) -> None:
    """Adds a run that goes on; there is one of a subject at a time."""
    await transaction.connection.execute(
        """
        INSERT INTO runs (kind, subject_id, attempt, user_id)
        VALUES (%(kind)s, %(subject_id)s, %(attempt)s, %(user_id)s)
        """,
        {**_key(run), "user_id": user_id},
    )


async def end(transaction: Transaction, run: Run, status: str) -> None:
    """The run has ended."""
    await transaction.connection.execute(
        """
        UPDATE runs SET status = %(status)s, ended_at = clock_timestamp()
        WHERE kind = %(kind)s AND subject_id = %(subject_id)s AND attempt = %(attempt)s
          AND status = 'running'
        """,
        {**_key(run), "status": status},
    )


async def set_heard(
    transaction: Transaction, kind: Kind, subject_id: int, *, silent_for: int
) -> None:
    """The subject's run has come forward, and will not for so many seconds.

    Written no more often than every ten seconds.
    """
    await transaction.connection.execute(
        """
        UPDATE runs SET heard_at = clock_timestamp() + %(silent)s * interval '1 second',
          restarts = 0
        WHERE kind = %(kind)s AND subject_id = %(subject_id)s AND status = 'running'
          AND (restarts > 0
            OR heard_at < clock_timestamp() + (%(silent)s - 10) * interval '1 second')
        """,
        {"kind": kind.name, "subject_id": subject_id, "silent": silent_for},
    )


async def set_restarted(transaction: Transaction, run: Run, *, counted: bool) -> None:
    """The run counts as heard of, until its new instance shows itself."""
    await transaction.connection.execute(
        """
        UPDATE runs SET heard_at = clock_timestamp(), restarts = restarts + %(counted)s::int
        WHERE kind = %(kind)s AND subject_id = %(subject_id)s AND attempt = %(attempt)s
        """,
        {**_key(run), "counted": counted},
    )


async def list_running(transaction: Transaction, kind: Kind, subjects: list[int]) -> list[Running]:
    """The runs of these subjects that go on."""
    cursor = await transaction.connection.execute(
        """
        SELECT subject_id, attempt, restarts, false AS hangs FROM runs
        WHERE kind = %(kind)s AND subject_id = ANY(%(subjects)s::bigint[]) AND status = 'running'
        """,
        {"kind": kind.name, "subjects": subjects},
    )
    return [_running(kind, row) for row in await cursor.fetchall()]


async def list_quiet(
    transaction: Transaction, kind: Kind, *, quiet_seconds: int, hangs_seconds: int, limit: int
) -> list[Running]:
    """Runs of which nothing was heard for so long.

    First those that have not been for ``hangs_seconds``; of the rest any, for many of them only
    wait for a busy source and must not crowd out the dead.
    """
    cursor = await transaction.connection.execute(
        """
        SELECT subject_id, attempt, restarts,
          heard_at < now() - %(hangs)s * interval '1 second' AS hangs
        FROM runs
        WHERE kind = %(kind)s AND status = 'running'
          AND heard_at < now() - %(quiet)s * interval '1 second'
        ORDER BY hangs DESC, random() LIMIT %(limit)s
        """,
        {"kind": kind.name, "quiet": quiet_seconds, "hangs": hangs_seconds, "limit": limit},
    )
    return [_running(kind, row) for row in await cursor.fetchall()]


async def delete_ended(transaction: Transaction) -> None:
    """Deletes the runs that ended a month ago."""
    await transaction.connection.execute(
        "DELETE FROM runs WHERE ended_at < now() - interval '30 days'"
    )


def _running(kind: Kind, row: dict[str, Any]) -> Running:
    return Running(Run(kind, row["subject_id"], row["attempt"]), row["restarts"], row["hangs"])


def _key(run: Run) -> dict[str, Any]:
    return {"kind": run.kind.name, "subject_id": run.subject_id, "attempt": run.attempt}
