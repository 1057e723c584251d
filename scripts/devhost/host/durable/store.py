"""Durable state on SQLite: every public method is one transaction.

WAL without a sync per commit survives the death of the process, which is what kill -9 is; only
the death of the machine may lose the last commits.
"""

import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from scripts.devhost.host.durable import statements
from scripts.devhost.host.durable.events import Event, EventType
from scripts.devhost.host.durable.records import ActivityItem, Instance, Message, Outcome
from scripts.devhost.host.errors import HostError

_SCHEMA: Final = Path(__file__).with_name("schema.sql")


@dataclass(frozen=True)
class Batch:
    """What an episode starts from: the instance, its history, its inbox."""

    instance: Instance
    history: list[str]
    messages: list[Message]
    sequences: list[int]


class Store:
    """The only door to the host's database."""

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=1, isolation_level=None)
            self._db.row_factory = sqlite3.Row
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.executescript(_SCHEMA.read_text())
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise HostError(f"{path.parent} is in use by another running host.") from None
            raise HostError(f"Cannot open {path}: {error}.") from None
        except OSError as error:
            raise HostError(f"Cannot open {path}: {error}.") from None

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self._db
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # SQLite itself ends one for which the disk is too full
                self._db.execute("ROLLBACK")
            raise

    # Instances

    def find(self, instance_id: str) -> Instance | None:
        """The instance, or None."""
        row = self._db.execute("SELECT * FROM instances WHERE id = ?", (instance_id,)).fetchone()
        return None if row is None else statements.read_instance(row)

    def start(self, started: Event, *, replace_running: bool = False) -> bool:
        """Store a new pending instance; False if a running one has the id."""
        with self._transaction() as db:
            return statements.start(db, started, replace_running=replace_running)

    def history(self, instance_id: str) -> list[Event]:
        """The events of the instance's current execution."""
        return [json.loads(text) for text in self._history_texts(instance_id)]

    def _history_texts(self, instance_id: str) -> list[str]:
        rows = self._db.execute(
            "SELECT event FROM history WHERE instance_id = ? ORDER BY position", (instance_id,)
        )
        return [row["event"] for row in rows]

    def purge(self, instance_ids: Collection[str]) -> int:
        """Forget terminal instances; how many there were."""
        with self._transaction() as db:
            return sum(statements.purge(db, instance_id) for instance_id in instance_ids)

    def query(
        self,
        *,
        created_from: str = "",
        created_to: str = "~",
        prefix: str = "",
        statuses: Collection[str] = (),
        after: str = "",
        limit: int = -1,
    ) -> list[Instance]:
        """Instances in order of their ids, filtered; `after` is the id to go on from."""
        marks = ", ".join("?" * len(statuses))
        chosen = f"AND status IN ({marks})" if statuses else ""
        rows = self._db.execute(
            "SELECT * FROM instances WHERE created >= ? AND created <= ? "  # noqa: S608
            f"AND substr(id, 1, ?) = ? AND id > ? {chosen} ORDER BY id LIMIT ?",
            (created_from, created_to, len(prefix), prefix, after, *statuses, limit),
        )
        return [statements.read_instance(row) for row in rows]

    # Messages

    def send(self, message: Message) -> bool:
        """Put an event into an inbox; False if no such execution is alive."""
        with self._transaction() as db:
            return statements.send(db, message)

    def ready_instances(self, now: float) -> list[str]:
        """Instances with due messages, longest waiting first."""
        rows = self._db.execute(
            "SELECT instance_id FROM messages WHERE due <= ? AND leased_until <= ? "
            "GROUP BY instance_id ORDER BY min(sequence)",
            (now, now),
        )
        return [row["instance_id"] for row in rows]

    def next_due(self, now: float) -> float | None:
        """When the next message after now is due, or the next lease runs out."""
        row = self._db.execute(
            "SELECT min(moment) AS moment FROM (SELECT min(due) AS moment FROM messages "
            "WHERE due > :now UNION ALL SELECT min(leased_until) FROM messages "
            "WHERE leased_until > :now UNION ALL SELECT min(leased_until) FROM activities "
            "WHERE leased_until > :now)",
            {"now": now},
        )
        moment = row.fetchone()["moment"]
        return None if moment is None else float(moment)

    def load(self, instance_id: str, now: float, lease: float = 0) -> Batch | None:
        """What the next episode starts from, leased for so many seconds.

        None if there is nothing to deliver.
        """
        instance = self.find(instance_id)
        rows = self._db.execute(
            "SELECT * FROM messages WHERE instance_id = ? AND due <= ? AND leased_until <= ? "
            "ORDER BY due, sequence",
            (instance_id, now, now),
        ).fetchall()
        stale = [row["sequence"] for row in rows if not statements.is_for(row, instance)]
        if stale:
            self.drop_messages(stale)
        if instance is None or len(stale) == len(rows):
            return None
        kept = [row for row in rows if row["sequence"] not in stale]
        messages = [
            Message(instance_id, row["execution_id"], json.loads(row["event"])) for row in kept
        ]
        # An execution begins with its start, also when events came before it.
        messages.sort(key=lambda m: m.event["EventType"] != EventType.EXECUTION_STARTED)
        sequences = [row["sequence"] for row in kept]
        self.lease_messages(sequences, now + lease)
        return Batch(instance, self._history_texts(instance_id), messages, sequences)

    def lease_messages(self, sequences: Sequence[int], until: float) -> None:
        """Hide messages until then from every other host, or (0) from none."""
        with self._transaction() as db:
            statements.lease(db, "messages", sequences, until)

    def drop_messages(self, sequences: Sequence[int]) -> None:
        """Delete messages that change nothing."""
        with self._transaction() as db:
            statements.delete_messages(db, sequences)

    def commit(self, batch: Batch, outcome: Outcome, now: str, copies: int = 1) -> None:
        """Store one episode: history, outbound messages and the consumed inbox, at once."""
        with self._transaction() as db:
            statements.delete_messages(db, batch.sequences)
            if outcome.continued is not None:
                statements.continue_as_new(db, outcome.continued, outcome.custom_status)
            else:
                statements.append_history(
                    db, batch.instance.id, len(batch.history), outcome.history
                )
                statements.update_instance(db, batch.instance.id, outcome, now)
            for activity in outcome.activities:
                for _ in range(copies):
                    statements.add_activity(db, activity)
            for child in outcome.children:
                statements.start_child(db, child)
            for message in outcome.messages:
                statements.send(db, message)

    # Activities

    def pending_activities(self, limit: int, now: float = 0) -> list[ActivityItem]:
        """The oldest activities that nobody works on."""
        rows = self._db.execute(
            "SELECT * FROM activities WHERE leased_until <= ? ORDER BY sequence LIMIT ?",
            (now, limit),
        )
        return [
            ActivityItem(
                row["instance_id"],
                row["execution_id"],
                row["task_id"],
                row["name"],
                row["input"],
                row["sequence"],
            )
            for row in rows
        ]

    def lease_activities(self, sequences: Sequence[int], until: float) -> None:
        """Hide activities until then from every other host, or (0) from none."""
        with self._transaction() as db:
            statements.lease(db, "activities", sequences, until)

    def complete_activity(self, item: ActivityItem, result: Event) -> None:
        """Store the result and forget the work, at once."""
        with self._transaction() as db:
            db.execute("DELETE FROM activities WHERE sequence = ?", (item.sequence,))
            statements.send(db, Message(item.instance_id, item.execution_id, result))

    # Schedules and counts

    def schedule_status(self, function: str) -> dict[str, str] | None:
        """The stored Last, Next and LastUpdated of a timer; None before its first start."""
        row = self._db.execute(
            "SELECT status FROM schedules WHERE function = ?", (function,)
        ).fetchone()
        return None if row is None else dict(json.loads(row["status"]))

    def save_schedule_status(self, function: str, status: dict[str, str]) -> None:
        """Remember when a timer ran and is to run next."""
        with self._transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO schedules (function, status) VALUES (?, ?)",
                (function, json.dumps(status)),
            )

    def counts(self) -> dict[str, Any]:
        """How many instances there are by status, and what is on its way."""
        rows = self._db.execute("SELECT status, count(*) AS n FROM instances GROUP BY status")
        activities = self._db.execute("SELECT count(*) AS n FROM activities").fetchone()["n"]
        messages = self._db.execute("SELECT count(*) AS n FROM messages").fetchone()["n"]
        return {
            "instances": {row["status"]: row["n"] for row in rows},
            "pendingActivities": activities,
            "pendingMessages": messages,
        }
