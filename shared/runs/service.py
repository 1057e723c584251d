"""The life of a run: begun once, heard of, ended."""

from typing import Literal
from uuid import UUID

from shared.platform.data import outbox
from shared.platform.data.db import Transaction
from shared.runs import repo
from shared.runs.model import Kind, Run

End = Literal["completed", "failed", "cancelled"]


async def count_running(transaction: Transaction, kind: Kind, user_id: UUID) -> int:
    """How many runs of this kind the user has; until the commit none of theirs begins elsewhere."""
    await repo.lock_user(transaction, user_id)
    return await repo.count_running(transaction, kind, user_id)


async def list_running_of(transaction: Transaction, kind: Kind, user_id: UUID) -> list[int]:
    """The subjects of the user's runs; until the commit no run of theirs begins elsewhere."""
    await repo.lock_user(transaction, user_id)
    return await repo.list_running_of(transaction, kind, user_id)


async def start(transaction: Transaction, run: Run, user_id: UUID) -> None:
    """Begins the run of a locked subject, and promises its orchestration."""
    await repo.insert(transaction, run, user_id)
    begin = outbox.StartOrchestration(
        name=run.kind.orchestration, instance_id=run.instance_id, input=run.order
    )
    await outbox.add(transaction, begin, key=f"start:{run.instance_id}")


async def hear(
    transaction: Transaction, kind: Kind, subject_id: int, *, silent_for: int = 0
) -> None:
    """Notes that the subject's run, if there is one, has come forward.

    If it will be silent for so many seconds, because it sleeps, nobody takes it for dead meanwhile.
    """
    await repo.set_heard(transaction, kind, subject_id, silent_for=silent_for)


async def end(transaction: Transaction, run: Run, status: End) -> None:
    """Ends the run of a locked subject; one that has ended stays as it is."""
    await repo.end(transaction, run, status)


async def delete_ended(transaction: Transaction) -> None:
    """Forgets the runs that ended a month ago."""
    await repo.delete_ended(transaction)
