"""Side effects that follow a commit: written in the transaction, sent after it, at least once.

A row is sent right after its commit; when the process dies in between, the reconciler sends it.
Every receiver is idempotent, because a row is sent again when its mark is lost. Whoever sends a row
has taken it for a while, and holds no lock meanwhile. A row that was not sent is due again after
5 s, then 10, and so on up to an hour.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

from shared.platform.data.db import Database, Transaction
from shared.platform.data.outbox import repo
from shared.platform.data.outbox.effects import (
    DeleteBlobs,
    Effect,
    SendMessage,
    StartOrchestration,
)
from shared.platform.durable import OrchestrationClient
from shared.platform.observe.logging import get_logger
from shared.platform.observe.tracing import current_traceparent

__all__ = [
    "DeleteBlobs", "Dispatcher", "Effect", "Handler", "SendMessage", "Sending",
    "StartOrchestration", "add", "add_triggered", "delete_sent", "is_stuck",
]  # fmt: skip

log = get_logger(__name__)

BATCH: Final = 50
PATIENCE_SECONDS = 5.0  # the caller's answer waits for what is sent right after the commit
TAKEN: Final = timedelta(minutes=2)  # longer than a batch takes, unless its receivers hang
KEPT: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Sending:
    """What a handler may know of a row: when it was promised, and who starts orchestrations."""

    promised_at: datetime
    client: OrchestrationClient | None


Handler: TypeAlias = Callable[[Any, Sending], Awaitable[None]]


async def add(transaction: Transaction, effect: Effect, *, key: str) -> None:
    """Promises a side effect; a second promise under the same ``key`` is the same one.

    The current ``traceparent`` goes with it where its receiver can say so.
    """
    if traceparent := current_traceparent():
        effect = effect.of_trace(traceparent)
    row_id = await repo.insert(
        transaction, kind=effect.kind, key=key, payload=effect.model_dump(mode="json")
    )
    if row_id is not None:
        transaction.outbox.append(row_id)


async def add_triggered(transaction: Transaction) -> None:
    """Has what triggers of the database promised in this transaction sent with its commit."""
    transaction.outbox += await repo.list_new(transaction, known=transaction.outbox)


async def is_stuck(transaction: Transaction, kind: type[Effect], age: timedelta) -> bool:
    """Whether side effects of ``kind`` have been waiting longer than ``age``."""
    return await repo.has_older(transaction, kind.kind, age)


async def delete_sent(transaction: Transaction) -> None:
    """Forgets what was sent a week ago: names of people may be in it."""
    await repo.delete_sent(transaction, older_than=KEPT)


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """Sends what the outbox holds, each kind of effect by its handler."""

    database: Database
    handlers: Mapping[type[Effect], Handler]

    async def send(self, ids: Sequence[int], client: OrchestrationClient | None = None) -> None:
        """Sends the rows just committed; what fails or hangs is left to the reconciler."""
        if not ids:
            return
        taken_for = timedelta(seconds=2 * PATIENCE_SECONDS)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._send_batch(client, list(ids), timedelta(0), taken_for)
        except Exception as error:  # noqa: BLE001 - the work is committed: its caller must not fail
            log.bind(error=type(error).__name__).warning("outbox left to the reconciler")

    async def send_overdue(
        self, client: OrchestrationClient, *, older_than: timedelta = timedelta(seconds=10)
    ) -> int:
        """Sends everything that a crash left behind; returns how many rows were sent."""
        total = 0
        while sent := await self._send_batch(client, None, older_than, TAKEN):
            total += sent
        return total

    async def _send_batch(
        self,
        client: OrchestrationClient | None,
        ids: list[int] | None,
        older_than: timedelta,
        taken_for: timedelta,
    ) -> int:
        kinds = [effect.kind for effect in self.handlers if client or not effect.needs_client]
        async with self.database.transaction() as transaction:
            rows = await repo.take(
                transaction,
                kinds=kinds,
                ids=ids,
                older_than=older_than,
                taken_for=taken_for,
                limit=BATCH,
            )
        return sum([await self._send_one(row, client) for row in rows])

    async def _send_one(self, row: repo.Promised, client: OrchestrationClient | None) -> bool:
        kinds = {effect.kind: effect for effect in self.handlers}
        problem = None
        try:
            effect = kinds[row.kind].model_validate(row.payload)
            await self.handlers[type(effect)](effect, Sending(row.created_at, client))
        except Exception as error:  # noqa: BLE001 - one bad row must not hold up the others
            problem = repr(error)
            log.bind(outbox_id=row.id, error=problem).warning("outbox row not sent")
        async with self.database.transaction() as transaction:
            await repo.mark(transaction, row.id, problem)
        return problem is None
