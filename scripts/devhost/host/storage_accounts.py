"""The storage accounts in use, opened when a binding first needs them."""

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scripts.devhost.host.queue_storage import QueueStorage


class StorageAccounts:
    """One queue storage for each connection setting."""

    def __init__(self, *, base64_encoding: bool) -> None:
        self._base64 = base64_encoding
        self._open: dict[str, QueueStorage] = {}

    def get(self, binding: dict[str, Any]) -> "QueueStorage":
        """The storage that a queue binding means."""
        # The SDK takes half a second to import; an app without queues starts without it.
        from scripts.devhost.host.queue_storage import QueueStorage

        setting = str(binding.get("connection") or "AzureWebJobsStorage")
        if setting not in self._open:
            self._open[setting] = QueueStorage(setting, base64_encoding=self._base64)
        return self._open[setting]

    async def close(self) -> None:
        """Close all of them."""
        async with AsyncExitStack() as stack:
            for storage in self._open.values():
                stack.push_async_callback(storage.close)
