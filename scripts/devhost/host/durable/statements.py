"""The statements of the store, each a step inside a transaction of `Store`."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Final, Literal

from scripts.devhost.host.durable.events import TERMINAL, Event, Status, child_answer
from scripts.devhost.host.durable.records import ActivityItem, Instance, Message, Outcome

_TERMINAL_LIST: Final = "('Completed', 'Failed', 'Terminated')"


def read_instance(row: sqlite3.Row) -> Instance:
    """The instance of a row."""
    values = dict(row)
    values["status"] = Status(values["status"])
    values["parent"] = None if values["parent"] is None else json.loads(values["parent"])
    return Instance(**values)


def is_for(row: sqlite3.Row, instance: Instance | None) -> bool:
    """Whether a message is for the instance's current execution, and that is alive."""
    if instance is None:
        return False
    is_current = row["execution_id"] in (None, instance.execution_id)
    return is_current and instance.status not in TERMINAL


def start(db: sqlite3.Connection, started: Event, *, replace_running: bool) -> bool:
    """Store a pending instance in the place of a terminal one; False if one is running."""
    ids = started["OrchestrationInstance"]
    found = db.execute("SELECT status FROM instances WHERE id = ?", (ids["InstanceId"],)).fetchone()
    if found is not None and found["status"] not in TERMINAL and not replace_running:
        return False
    _delete_instance(db, ids["InstanceId"])
    _insert_instance(db, started, Status.PENDING, None)
    return True


def _insert_instance(
    db: sqlite3.Connection, started: Event, status: Status, custom_status: str | None
) -> None:
    ids, moment, parent = (
        started["OrchestrationInstance"],
        started["Timestamp"],
        started["ParentInstance"],
    )
    db.execute(
        "INSERT INTO instances VALUES (?, ?, ?, ?, ?, NULL, ?, ?, ?, ?, ?)",
        (
            ids["InstanceId"],
            started["Name"],
            ids["ExecutionId"],
            status,
            started["Input"],
            custom_status,
            moment,
            moment,
            None if parent is None else json.dumps(parent),
            started["Version"] or "",
        ),
    )
    _insert_message(db, Message(ids["InstanceId"], ids["ExecutionId"], started))


def start_child(db: sqlite3.Connection, started: Event) -> None:
    """Start a sub-orchestration; an id that is running already fails it."""
    if start(db, started, replace_running=False):
        return
    parent = started["ParentInstance"]
    waiting = parent["OrchestrationInstance"]
    instance_id = started["OrchestrationInstance"]["InstanceId"]
    reason = f"An orchestration with the instance id {instance_id} is running already."
    answer = child_answer(parent["TaskScheduleId"], Status.FAILED, reason, started["Timestamp"])
    send(db, Message(waiting["InstanceId"], waiting["ExecutionId"], answer))


def continue_as_new(db: sqlite3.Connection, started: Event, custom_status: str | None) -> None:
    """Begin the next execution; messages for no execution in particular stay."""
    instance_id = started["OrchestrationInstance"]["InstanceId"]
    db.execute("DELETE FROM history WHERE instance_id = ?", (instance_id,))
    db.execute(
        "DELETE FROM messages WHERE instance_id = ? AND execution_id IS NOT NULL", (instance_id,)
    )
    db.execute("DELETE FROM instances WHERE id = ?", (instance_id,))
    _insert_instance(db, started, Status.CONTINUED_AS_NEW, custom_status)


def append_history(
    db: sqlite3.Connection, instance_id: str, start_at: int, events: Sequence[Event]
) -> None:
    """Add events behind those that are stored."""
    db.executemany(
        "INSERT INTO history (instance_id, position, event) VALUES (?, ?, ?)",
        [
            (instance_id, position, json.dumps(appended))
            for position, appended in enumerate(events, start_at)
        ],
    )


def update_instance(db: sqlite3.Connection, instance_id: str, outcome: Outcome, now: str) -> None:
    """Set what an episode has changed; a terminal instance reads no more messages."""
    db.execute(
        "UPDATE instances SET status = ?, output = ?, custom_status = ?, updated = ? WHERE id = ?",
        (outcome.status, outcome.output, outcome.custom_status, now, instance_id),
    )
    if outcome.status in TERMINAL:
        db.execute("DELETE FROM messages WHERE instance_id = ?", (instance_id,))


def send(db: sqlite3.Connection, message: Message) -> bool:
    """Put an event into an inbox; False if no such execution is alive."""
    alive = db.execute(
        "SELECT 1 FROM instances WHERE id = ? AND coalesce(?, execution_id) = execution_id "  # noqa: S608
        f"AND status NOT IN {_TERMINAL_LIST}",
        (message.instance_id, message.execution_id),
    ).fetchone()
    if alive is not None:
        _insert_message(db, message)
    return alive is not None


def _insert_message(db: sqlite3.Connection, message: Message) -> None:
    db.execute(
        "INSERT INTO messages (instance_id, execution_id, due, event) VALUES (?, ?, ?, ?)",
        (message.instance_id, message.execution_id, message.due, json.dumps(message.event)),
    )


def delete_messages(db: sqlite3.Connection, sequences: Sequence[int]) -> None:
    """Delete messages by their sequence numbers."""
    db.executemany("DELETE FROM messages WHERE sequence = ?", [(number,) for number in sequences])


def lease(
    db: sqlite3.Connection,
    table: Literal["messages", "activities"],
    sequences: Sequence[int],
    until: float,
) -> None:
    """Hide rows until that moment."""
    db.executemany(
        f"UPDATE {table} SET leased_until = ? WHERE sequence = ?",  # noqa: S608
        [(until, number) for number in sequences],
    )


def add_activity(db: sqlite3.Connection, item: ActivityItem) -> None:
    """Add an activity to run."""
    db.execute(
        "INSERT INTO activities (instance_id, execution_id, task_id, name, input) "
        "VALUES (?, ?, ?, ?, ?)",
        (item.instance_id, item.execution_id, item.task_id, item.name, item.input),
    )


def purge(db: sqlite3.Connection, instance_id: str) -> int:
    """Forget a terminal instance; how many that were (0 or 1)."""
    found = db.execute(
        f"SELECT 1 FROM instances WHERE id = ? AND status IN {_TERMINAL_LIST}",  # noqa: S608
        (instance_id,),
    ).fetchone()
    if found is None:
        return 0
    _delete_instance(db, instance_id)
    return 1


def _delete_instance(db: sqlite3.Connection, instance_id: str) -> None:
    db.execute("DELETE FROM instances WHERE id = ?", (instance_id,))
    for statement in (
        "DELETE FROM history WHERE instance_id = ?",
        "DELETE FROM messages WHERE instance_id = ?",
        "DELETE FROM activities WHERE instance_id = ?",
    ):
        db.execute(statement, (instance_id,))
