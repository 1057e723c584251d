"""Queue triggers: lease, run, delete; count failures and move poison aside."""

import asyncio
import datetime as dt
import random
from typing import Final

from azure.core.exceptions import AzureError

from scripts.devhost.host.errors import InvocationError
from scripts.devhost.host.faults import Faults
from scripts.devhost.host.functions import Function
from scripts.devhost.host.indexing import queue_name
from scripts.devhost.host.log import get_log
from scripts.devhost.host.outputs import OutputSender
from scripts.devhost.host.queue_binding import message_body, message_metadata
from scripts.devhost.host.queue_storage import QueuedMessage, QueueStorage
from scripts.devhost.host.settings import QueueSettings
from scripts.devhost.host.workers import WorkerPool

_LEASE_SECONDS: Final = 600
_MIN_POLLING_INTERVAL: Final = 0.1
_MAX_NAME: Final = 63


class QueueListener:
    """Feeds one queue-triggered function."""

    def __init__(
        self,
        function: Function,
        storage: QueueStorage,
        settings: QueueSettings,
        pool: WorkerPool,
        outputs: OutputSender,
        faults: Faults,
    ) -> None:
        self.queue = queue_name(function.trigger)
        self._poison = _poison_queue(self.queue)
        self._function = function
        self._storage = storage
        self._settings = settings
        self._pool = pool
        self._outputs = outputs
        self._faults = faults
        self._running: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._is_out_of_reach = False
        self._log = get_log(function.name)
        outputs.on_message(self.queue, self._wake.set)

    async def run(self) -> None:
        """Poll, with back-off while the queue is empty, until cancelled."""
        pause = _MIN_POLLING_INTERVAL
        while True:
            self._wake.clear()
            if len(self._running) > self._settings.new_batch_threshold:
                await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
                continue
            messages = self._faults.order(await self._receive())
            for message in messages:
                task = asyncio.create_task(self._process(message))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
            if messages:
                pause = _MIN_POLLING_INTERVAL
                continue
            try:
                # Not wait_for: up to Python 3.11 a cancellation in the moment of a wake is lost.
                async with asyncio.timeout(pause):
                    await self._wake.wait()
                pause = _MIN_POLLING_INTERVAL
            except TimeoutError:
                grown = pause * 2 * random.uniform(0.8, 1.2)
                pause = min(grown, self._settings.max_polling_interval)

    async def drain(self, seconds: float) -> None:
        """Give running messages that time to end."""
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)

    async def run_now(self, body: str) -> None:
        """Run the function once with a body that comes from no queue."""
        for_ever = dt.datetime.max.replace(tzinfo=dt.UTC)
        message = {
            "DequeueCount": 0,
            "InsertionTime": dt.datetime.now(dt.UTC),
            "ExpirationTime": for_ever,
            "NextVisibleTime": for_ever,
        }
        await self._invoke(body.encode(), message)

    async def _receive(self) -> list[QueuedMessage]:
        try:
            received = await self._storage.receive(
                self.queue, self._settings.batch_size, _LEASE_SECONDS
            )
        except AzureError as error:
            if not self._is_out_of_reach:
                reason = str(error).partition("\n")[0]
                self._log.warning("cannot read the queue %s: %s", self.queue, reason)
            self._is_out_of_reach = True
            return []
        self._is_out_of_reach = False
        return received

    async def _process(self, message: QueuedMessage) -> None:
        lease = _Lease(self._storage, self.queue, message)
        body = self._storage.decode(message)
        try:
            if body is None:
                self._log.error("the message %s is not base64", message.id)
            succeeded = body is not None and await self._deliver(message, body)
            message = await lease.end()
            if succeeded:
                self._faults.reach("queue.done")
                await self._storage.delete(self.queue, message)
            elif body is None or message.dequeue_count >= self._settings.max_dequeue_count:
                await self._move_to_poison(message, body)
            elif self._poison is not None:
                await self._storage.hide(self.queue, message, self._settings.visibility_timeout)
        except AzureError as error:
            reason = str(error).partition("\n")[0]
            self._log.warning("the message %s stays leased: %s", message.id, reason)
        finally:
            lease.abandon()

    async def _deliver(self, message: QueuedMessage, body: bytes) -> bool:
        """Whether the function took the message."""
        if message.dequeue_count > self._settings.max_dequeue_count:
            return False
        try:
            for _ in range(2 if self._faults.deliver_twice else 1):
                await self._invoke(body, message.properties())
        except InvocationError as error:
            self._log.error(
                "failed (delivery %d): %s\n%s", message.dequeue_count, error, error.trace.rstrip()
            )
        else:
            return True
        return False

    async def _invoke(self, body: bytes, properties: dict[str, object]) -> None:
        self._faults.reach("queue.invoke")
        value = message_body(self._function.trigger, body)
        answer = await self._pool.invoke(
            self._function,
            value,
            message_metadata(properties, value),
            on_sent=lambda pid: self._faults.reach_worker("queue.invoke", pid),
        )
        await self._outputs.send(self._function, answer)

    async def _move_to_poison(self, message: QueuedMessage, body: bytes | None) -> None:
        """Put the message aside; what has no poison queue stays leased and is tried for ever."""
        if self._poison is None:
            self._log.error("the message %s stays in %s", message.id, self.queue)
            return
        self._log.error("moving the message %s to %s", message.id, self._poison)
        content = message.content if body is None else self._storage.encode(body)
        await self._storage.put(self._poison, content)
        await self._storage.delete(self.queue, message)


def _poison_queue(queue: str) -> str | None:
    """Where messages that fail go; a poison queue and a name too long to be one have none."""
    poison = f"{queue}-poison"
    has_one = not queue.endswith("-poison") and len(poison) <= _MAX_NAME
    return poison if has_one else None


class _Lease:
    """Keeps a message hidden while it is being processed."""

    def __init__(self, storage: QueueStorage, queue: str, message: QueuedMessage) -> None:
        self._storage = storage
        self._queue = queue
        self._message = message
        self._renewing = asyncio.create_task(self._renew())

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(_LEASE_SECONDS / 2)
            self._message = await self._storage.hide(self._queue, self._message, _LEASE_SECONDS)

    async def end(self) -> QueuedMessage:
        """Stop renewing; the message with its newest pop receipt."""
        self._renewing.cancel()
        await asyncio.wait([self._renewing])
        return self._message

    def abandon(self) -> None:
        """Stop renewing without waiting."""
        self._renewing.cancel()
