"""Side effects after a commit: sent once in the end, whatever dies in between."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from azure.storage.queue import QueueClient

from scripts.devhost.stack import LocalStack
from shared.app.composition import Services
from shared.platform.data import outbox
from shared.platform.data.db import Database
from shared.platform.data.outbox import Dispatcher
from shared.platform.data.queue_message import QueueMessage
from shared.platform.errors import NotFound
from shared.platform.observe.tracing import carry_trace
from tests.integration.conftest import rows


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
def dispatcher(services: Services) -> Dispatcher:
    return services.outbox


async def promise(database: Database, name: str = "job-1-1") -> list[int]:
    async with database.transaction() as transaction:
        start = outbox.StartOrchestration(name="crawl", instance_id=name, input={"job_id": 1})
        await outbox.add(transaction, start, key=f"start:{name}")
    return transaction.outbox


def message(queue: str) -> outbox.SendMessage:
    return outbox.SendMessage.to(queue, QueueMessage())


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
                await outbox.add(transaction, message("any"), key="x")
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
            await outbox.add(transaction, message("no-such-queue"), key="lost")
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
        await asyncio.sleep(0.2)  # for so long it is taken
        await dispatcher.send_overdue(client, older_than=timedelta(0))
        assert list(client.instances) == ["job-1-1"]

    async def test_a_late_deletion_spares_what_was_stored_again(
        self, database: Database, services: Services
    ) -> None:
        """Its job was retried meanwhile, and found the same bytes under another address."""
        old, anew = (f"outbox/{uuid4().hex}.png" for _ in range(2))
        for name in (old, anew):
            await services.blobs.put(name, b"picture", "image/png")
        async with database.transaction() as transaction:
            await outbox.add(transaction, outbox.DeleteBlobs(names=[old, anew]), key="image")
        await asyncio.sleep(1.1)  # storage counts in seconds
        await services.blobs.put(anew, b"picture", "image/png")
        await services.outbox.send_overdue(DurableClient(), older_than=timedelta(0))
        assert await services.blobs.get(anew) == b"picture"
        with pytest.raises(NotFound):
            await services.blobs.get(old)

    async def test_what_is_sent_is_locked_for_nobody(
        self, database: Database, dispatcher: Dispatcher
    ) -> None:
        class Looking(DurableClient):
            async def start_new(self, *arguments: Any) -> str:
                async with database.transaction() as transaction:
                    await transaction.connection.execute("SELECT FROM outbox FOR UPDATE NOWAIT")
                return await super().start_new(*arguments)

        client = Looking()
        await dispatcher.send(await promise(database), client)
        assert list(client.instances) == ["job-1-1"]

    async def test_what_one_has_taken_another_leaves_for_a_while(
        self, database: Database, dispatcher: Dispatcher
    ) -> None:
        class Dying(DurableClient):
            async def get_status(self, instance_id: str) -> Any:
                other = DurableClient()
                await dispatcher.send_overdue(other, older_than=timedelta(0))
                assert other.instances == {}
                raise asyncio.CancelledError  # as the process: the row is left as it is

        ids = await promise(database)
        with pytest.raises(asyncio.CancelledError):
            await dispatcher.send(ids, Dying())
        client = DurableClient()
        await dispatcher.send_overdue(client, older_than=timedelta(0))
        assert client.instances == {}
        async with database.transaction() as transaction:
            await transaction.connection.execute(
                "UPDATE outbox SET available_at = available_at - interval '10 s'"
            )
        await dispatcher.send_overdue(client, older_than=timedelta(0))
        assert list(client.instances) == ["job-1-1"]

    async def test_what_was_sent_a_week_ago_is_forgotten(
        self, database: Database, dispatcher: Dispatcher
    ) -> None:
        for name in ("job-1-1", "job-2-1", "job-3-1"):
            await promise(database, name)
        client = DurableClient()
        await dispatcher.send_overdue(client, older_than=timedelta(0))
        async with database.transaction() as transaction:
            await transaction.connection.execute(
                """
                UPDATE outbox SET sent_at = CASE key
                  WHEN 'start:job-1-1' THEN now() - interval '8 days'
                  WHEN 'start:job-2-1' THEN now() - interval '6 days' END,
                  created_at = now() - interval '9 days'
                """
            )
            await outbox.delete_sent(transaction)
        left = await rows(database, "SELECT key FROM outbox ORDER BY key")
        assert [row["key"] for row in left] == ["start:job-2-1", "start:job-3-1"]

    async def test_every_commit_is_followed_by_what_it_promised(
        self, services: Services, stack_services: LocalStack
    ) -> None:
        """Whoever opens the transaction."""
        connection = stack_services.info.storage_connection_string
        with QueueClient.from_connection_string(connection, f"test-{uuid4().hex}") as queue:
            queue.create_queue()
            async with services.database.transaction() as transaction:
                await outbox.add(transaction, message(str(queue.queue_name)), key="followed")
            assert len(queue.peek_messages()) == 1
            queue.delete_queue()
        assert await unsent(services.database) == 0
        client = DurableClient()
        async with services.database.transaction() as transaction:
            transaction.client = client
            start = outbox.StartOrchestration(name="crawl", instance_id="job-1-1", input={})
            await outbox.add(transaction, start, key="started")
        assert list(client.instances) == ["job-1-1"]

    async def test_blobs_that_storage_keeps_are_asked_for_again(
        self, database: Database, services: Services, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It answers 202 for the batch, and of each blob by itself."""
        from azure.storage.blob.aio import ContainerClient

        asked = ContainerClient.delete_blobs

        async def refuse_one(container: ContainerClient, *names: str, **options: Any) -> Any:
            answers = [answer async for answer in await asked(container, *names, **options)]
            answers[0].status_code = 409  # as of one under a lease

            async def each() -> AsyncIterator[Any]:
                for answer in answers:
                    yield answer

            return each()

        monkeypatch.setattr(ContainerClient, "delete_blobs", refuse_one)
        async with database.transaction() as transaction:
            await outbox.add(transaction, outbox.DeleteBlobs(names=["a", "b"]), key="image")
        await services.outbox.send_overdue(DurableClient(), older_than=timedelta(0))
        (row,) = await rows(database, "SELECT sent_at, last_error FROM outbox")
        assert row["sent_at"] is None
        assert "1 of 2 were not deleted: status 409" in row["last_error"]

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
