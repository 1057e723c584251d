"""The storage accounts in use, opened when a binding first needs them."""

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from scripts.devhost.host.indexing import connection_string

if TYPE_CHECKING:
    from scripts.devhost.host.queue_storage import QueueStorage


class StorageAccounts:
    """One queue storage for each connection string."""

    def __init__(self, *, base64_encoding: bool) -> None:
        self._base64 = base64_encoding
        self._open: dict[str, QueueStorage] = {}

    def get(self, binding: dict[str, Any]) -> "QueueStorage":
        """The storage that a queue binding means; IndexingError if there is none."""
        # The SDK takes half a second to import; an app without queues starts without it.
        from scripts.devhost.host.queue_storage import QueueStorage

        connection = connection_string(binding)
        if connection not in self._open:
            self._open[connection] = QueueStorage(connection, base64_encoding=self._base64)
        return self._open[connection]

    async def close(self) -> None:
        """Close all of them."""
        async with AsyncExitStack() as stack:
            for storage in self._open.values():
                stack.push_async_callback(storage.close)
