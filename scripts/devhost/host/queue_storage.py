"""The storage account's queues, by connection setting."""

import base64
import datetime as dt
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.queue.aio import QueueServiceClient

from scripts.devhost.host.errors import IndexingError

_DEVELOPMENT: Final = (
    "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey="
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"
    "QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1;"
)
_BLANKS: Final = str.maketrans("", "", " \t\r\n")
_SDK: Final = "Azure.Storage.Queues"


@dataclass(frozen=True)
class QueuedMessage:
    """A message under lease; `content` is its text as stored."""

    id: str
    content: str
    dequeue_count: int
    pop_receipt: str
    inserted: dt.datetime
    expires: dt.datetime
    next_visible: dt.datetime

    def properties(self) -> dict[str, Any]:
        """What user code sees as properties of the message."""
        return {
            "Id": self.id,
            "DequeueCount": self.dequeue_count,
            "PopReceipt": self.pop_receipt,
            "InsertionTime": self.inserted,
            "ExpirationTime": self.expires,
            "NextVisibleTime": self.next_visible,
        }


class QueueStorage:
    """One storage account's queue service; sends and receives in the host's encoding."""

    def __init__(self, connection: str, *, base64_encoding: bool) -> None:
        if "UseDevelopmentStorage=true" in connection:
            connection = _DEVELOPMENT
        if not all("=" in part for part in connection.split(";") if part):
            raise IndexingError(f'{_SDK}: Settings must be of the form "name=value".')
        try:
            self._service = QueueServiceClient.from_connection_string(
                connection, retry_total=2, retry_backoff_factor=0.2
            )
        except ValueError:
            raise IndexingError(
                f"{_SDK}: No valid combination of account information found."
            ) from None
        self._base64 = base64_encoding

    async def close(self) -> None:
        """Close the connections."""
        await self._service.close()

    def decode(self, message: QueuedMessage) -> bytes | None:
        """The message's body; None if it is not in the host's encoding."""
        if not self._base64:
            return message.content.encode()
        text = message.content.translate(_BLANKS)
        if len(text) % 4:
            return None
        try:
            return base64.b64decode(text, validate=True)
        except ValueError:
            return None

    def encode(self, body: bytes) -> str:
        """The text to store for a body."""
        return base64.b64encode(body).decode() if self._base64 else body.decode()

    async def receive(self, queue: str, count: int, lease: int) -> list[QueuedMessage]:
        """Up to `count` messages, leased; none if the queue does not exist."""
        client = self._service.get_queue_client(queue)
        received = client.receive_messages(
            messages_per_page=count, max_messages=count, visibility_timeout=lease
        )
        try:
            return [
                QueuedMessage(
                    id=message.id,
                    content=message.content,
                    dequeue_count=int(message.dequeue_count or 0),
                    pop_receipt=str(message.pop_receipt),
                    inserted=message.inserted_on or dt.datetime.now(dt.UTC),
                    expires=message.expires_on or dt.datetime.now(dt.UTC),
                    next_visible=message.next_visible_on or dt.datetime.now(dt.UTC),
                )
                async for message in received
            ]
        except ResourceNotFoundError:
            return []

    async def hide(self, queue: str, message: QueuedMessage, seconds: float) -> QueuedMessage:
        """Make the message visible again in so many seconds."""
        client = self._service.get_queue_client(queue)
        updated = await client.update_message(
            message.id, message.pop_receipt, visibility_timeout=round(seconds)
        )
        return replace(message, pop_receipt=str(updated.pop_receipt))

    async def delete(self, queue: str, message: QueuedMessage) -> None:
        """Delete the message; one that is gone already is fine."""
        client = self._service.get_queue_client(queue)
        try:
            await client.delete_message(message.id, message.pop_receipt)
        except ResourceNotFoundError:
            return

    async def put(self, queue: str, content: str) -> None:
        """Add a stored text, creating the queue when it is missing."""
        client = self._service.get_queue_client(queue)
        try:
            await client.send_message(content)
        except ResourceNotFoundError:
            with suppress(ResourceExistsError):
                await client.create_queue()
            await client.send_message(content)
