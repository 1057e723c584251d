"""Side effects that follow a commit: written in the transaction, sent after it, at least once.

A row is sent right after its commit; when the process dies in between, the reconciler sends it.
Every receiver is idempotent, because a row is sent again when its mark is lost.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from shared.platform.blob import BlobStore
from shared.platform.db import Database, Transaction
from shared.platform.durable import OrchestrationClient
from shared.platform.logging import get_logger
from shared.platform.outbox import repo
from shared.platform.queue import QueueSender
from shared.platform.tracing import current_traceparent

log = get_logger(__name__)

Kind = Literal["start_orchestration", "queue_message", "delete_blobs", "align_account"]

BATCH = 50
PATIENCE_SECONDS = 5.0  # the caller's answer waits for what is sent right after the commit
# The part of the payload that reaches the receiver and may say which request it comes from.
_TRACE_CARRIERS: dict[Kind, str] = {"queue_message": "message", "start_orchestration": "input"}


async def add(transaction: Transaction, kind: Kind, payload: dict[str, Any], *, key: str) -> None:
    """Promises a side effect; a second promise under the same ``key`` is the same one.

    The current ``traceparent`` goes with the message or the orchestration's input.
    """
    row_id = await repo.insert(transaction, kind=kind, key=key, payload=_traced(kind, payload))
    if row_id is not None:
        transaction.outbox.append(row_id)


async def is_stuck(transaction: Transaction, kind: Kind, age: timedelta) -> bool:
    """Whether side effects of ``kind`` have been waiting longer than ``age``."""
    return await repo.has_older(transaction, kind, age)


def _traced(kind: Kind, payload: dict[str, Any]) -> dict[str, Any]:
    carrier = _TRACE_CARRIERS.get(kind)
    traceparent = current_traceparent()
    if carrier is None or traceparent is None:
        return payload
    return {**payload, carrier: {**payload[carrier], "traceparent": traceparent}}


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """Sends what the outbox holds. Without a durable client, orchestrations are left for later."""

    database: Database
    blobs: BlobStore
    queues: QueueSender
    align_account: Callable[[Transaction, UUID], Awaitable[None]]

    async def send(self, ids: Sequence[int], client: OrchestrationClient | None = None) -> None:
        """Sends the rows just committed; what fails or hangs is left to the reconciler."""
        if not ids:
            return
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._send_batch(client, list(ids), timedelta(0))
        except Exception as error:  # noqa: BLE001 - the work is committed: its caller must not fail
            log.bind(error=type(error).__name__).warning("outbox left to the reconciler")

    async def send_overdue(
        self, client: OrchestrationClient, *, older_than: timedelta = timedelta(seconds=10)
    ) -> int:
        """Sends everything that a crash left behind; returns how many rows were sent."""
        total = 0
        while sent := await self._send_batch(client, None, older_than):
            total += sent
        return total

    async def _send_batch(
        self, client: OrchestrationClient | None, ids: list[int] | None, older_than: timedelta
    ) -> int:
        sent = 0
        async with self.database.transaction() as transaction:
            rows = await repo.claim(transaction, ids=ids, older_than=older_than, limit=BATCH)
            for row in rows:
                sent += await self._send_one(transaction, row, client)
        return sent

    async def _send_one(
        self, transaction: Transaction, row: dict[str, Any], client: OrchestrationClient | None
    ) -> bool:
        if row["kind"] == "start_orchestration" and client is None:
            return False
        try:
            await self._perform(transaction, row, client)
        except Exception as error:  # noqa: BLE001 - one bad row must not hold up the others
            log.bind(outbox_id=row["id"], error=repr(error)).warning("outbox row not sent")
            await repo.mark_failed(transaction, row["id"], repr(error))
            return False
        await repo.mark_sent(transaction, row["id"])
        return True

    async def _perform(
        self, transaction: Transaction, row: dict[str, Any], client: OrchestrationClient | None
    ) -> None:
        kind, payload = row["kind"], row["payload"]
        if kind == "queue_message":
            await self.queues.send(payload["queue"], payload["message"])
        elif kind == "delete_blobs":
            await self.blobs.delete(payload["names"], older_than=row["created_at"])
        elif kind == "align_account":
            await self.align_account(transaction, UUID(payload["user_id"]))
        elif client is not None and not await client.get_status(payload["instance_id"]):
            await client.start_new(payload["name"], payload["instance_id"], payload["input"])
