"""Side effects after a commit: sent once in the end, whatever dies in between."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.platform import outbox
from shared.platform.accounts import AuthAccounts
from shared.platform.blob import BlobStore
from shared.platform.db import Database
from shared.platform.errors import NotFound
from shared.platform.outbox import Dispatcher
from shared.platform.queue import QueueSender
from shared.platform.settings import Settings
from shared.platform.tracing import carry_trace


class DurableClient:
    """Instances as the durable extension keeps them."""

    def __init__(self) -> None:
        self.instances: dict[str, Any] = {}

    async def get_status(self, instance_id: str) -> Any:
        return self.instances.get(instance_id)

    async def start_new(
        self,
        orchestration_function_name: str,
        instance_id: str | None = None,
        client_input: Any | None = None,
    ) -> str:
        assert instance_id is not None
        assert instance_id not in self.instances
        self.instances[instance_id] = client_input
        return instance_id


@pytest.fixture
async def dispatcher(database: Database, settings: Settings) -> AsyncIterator[Dispatcher]:
    blobs, queues = BlobStore(settings), QueueSender(settings)
    async with httpx.AsyncClient() as http:
        key = settings.supabase_service_role_key.get_secret_value()
        accounts = AuthAccounts(settings.supabase_url, key, http)
        yield Dispatcher(database, blobs, queues, accounts.align)
    await blobs.close()
    await queues.close()


async def promise(database: Database, name: str = "job-1-1") -> list[int]:
    async with database.transaction() as transaction:
        payload = {"name": "crawl", "instance_id": name, "input": {"job_id": 1}}
        await outbox.add(transaction, "start_orchestration", payload, key=f"start:{name}")
    return transaction.outbox


async def unsent(database: Database) -> int:
    async with database.transaction() as transaction:
        cursor = await transaction.connection.execute(
            "SELECT count(*) AS n FROM outbox WHERE sent_at IS NULL"
        )
        return int((await cursor.fetchall())[0]["n"])


class TestOutbox:
    async def test_is_sent_after_the_commit(
        self, database: Database, dispatcher: Dispatcher
    ) -> None:
        client = DurableClient()
        await dispatcher.send(await promise(database), client)
        assert client.instances == {"job-1-1": {"job_id": 1}}
        assert await unsent(database) == 0

    async def test_a_rolled_back_promise_is_none(self, database: Database) -> None:
        async def fail() -> None:
            async with database.transaction() as transaction:
                await outbox.add(transaction, "queue_message", {}, key="x")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await fail()
        assert await unsent(database) == 0

    async def test_what_a_crash_left_is_sent_by_the_reconciler(
        self, database: Database, dispatcher: Dispatcher
    ) -> None:
        await promise(database)
        client = DurableClient()
        assert await dispatcher.send_overdue(client, older_than=timedelta(0)) == 1
        assert await dispatcher.send_overdue(client, older_than=timedelta(0)) == 0
        assert list(client.instances) == ["job-1-1"]

    async def test_a_lost_mark_starts_nothing_twice(
        self, database: Database, dispatcher: Dispatcher
    ) -> None:
        client = DurableClient()
        await dispatcher.send(await promise(database), client)
        async with database.transaction() as transaction:
            await transaction.connection.execute("UPDATE outbox SET sent_at = NULL")
        await dispatcher.send_overdue(client, older_than=timedelta(0))
        assert list(client.instances) == ["job-1-1"]

    async def test_one_failing_row_does_not_hold_up_the_others(
        self, database: Database, dispatcher: Dispatcher
    ) -> None:
        async with database.transaction() as transaction:
            lost = {"queue": "no-such-queue", "message": {}}
            await outbox.add(transaction, "queue_message", lost, key="lost")
        await promise(database)
        client = DurableClient()
        await dispatcher.send_overdue(client, older_than=timedelta(0))
        assert list(client.instances) == ["job-1-1"]
        assert await unsent(database) == 1

    async def test_nobody_waits_long_for_a_receiver_that_hangs(
        self, database: Database, dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Hanging(DurableClient):
            async def get_status(self, instance_id: str) -> Any:
                await asyncio.sleep(60)

        monkeypatch.setattr(outbox, "PATIENCE_SECONDS", 0.1)
        async with asyncio.timeout(30):
            await dispatcher.send(await promise(database), Hanging())
        client = DurableClient()
        await dispatcher.send_overdue(client, older_than=timedelta(0))
        assert list(client.instances) == ["job-1-1"]

    async def test_a_late_deletion_spares_what_was_stored_again(
        self, database: Database, dispatcher: Dispatcher
    ) -> None:
        """Its job was retried meanwhile, and found the same bytes under another address."""
        old, anew = (f"outbox/{uuid4().hex}.png" for _ in range(2))
        for name in (old, anew):
            await dispatcher.blobs.put(name, b"picture", "image/png")
        async with database.transaction() as transaction:
            await outbox.add(transaction, "delete_blobs", {"names": [old, anew]}, key="image")
        await asyncio.sleep(1.1)  # storage counts in seconds
        await dispatcher.blobs.put(anew, b"picture", "image/png")
        await dispatcher.send_overdue(DurableClient(), older_than=timedelta(0))
        assert await dispatcher.blobs.get(anew) == b"picture"
        with pytest.raises(NotFound):
            await dispatcher.blobs.get(old)

    async def test_the_same_promise_twice_is_one(self, database: Database) -> None:
        assert len(await promise(database)) == 1
        assert await promise(database) == []

    async def test_says_which_request_it_comes_from(
        self, database: Database, dispatcher: Dispatcher
    ) -> None:
        traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        with carry_trace(traceparent):
            ids = await promise(database)
        client = DurableClient()
        await dispatcher.send(ids, client)
        assert client.instances["job-1-1"] == {"job_id": 1, "traceparent": traceparent}
