"""Queue output bindings: sent only after the function has succeeded."""

from collections.abc import Callable
from typing import Any

from azure.core.exceptions import AzureError

from scripts.devhost.host.errors import IndexingError, InvocationError
from scripts.devhost.host.functions import Binding, Function
from scripts.devhost.host.indexing import queue_name
from scripts.devhost.host.queue_binding import output_bodies
from scripts.devhost.host.storage_accounts import StorageAccounts


class OutputSender:
    """Sends what functions put into their queue outputs."""

    def __init__(self, accounts: StorageAccounts) -> None:
        self._accounts = accounts
        self._wakers: dict[str, Callable[[], None]] = {}

    def on_message(self, queue: str, wake: Callable[[], None]) -> None:
        """Call `wake` whenever a function of this host sends to the queue."""
        self._wakers[queue] = wake

    async def send(self, function: Function, answer: Any) -> None:
        """Send the messages in an InvocationResponse."""
        outputs = [(output.name, output.data) for output in answer.output_data]
        if function.returns == "queue":
            outputs.append(("$return", answer.return_value))
        for name, data in outputs:
            bodies = output_bodies(data)
            if bodies:
                await self._put(function.binding(name), bodies)

    async def _put(self, binding: Binding, bodies: list[bytes]) -> None:
        try:
            queue = queue_name(binding)
            storage = self._accounts.get(binding)
            for body in bodies:
                await storage.put(queue, storage.encode(body))
                if queue in self._wakers:
                    self._wakers[queue]()
        except (AzureError, IndexingError, ValueError) as error:
            reason = str(error).partition("\n")[0]
            name = binding.get("queueName")
            raise InvocationError(f"OutputError: cannot send to {name}: {reason}") from None
