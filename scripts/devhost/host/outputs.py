"""Queue output bindings: sent only after the function has succeeded."""

from collections.abc import Callable
from typing import Any

from azure.core.exceptions import AzureError

from scripts.devhost.host.errors import InvocationError
from scripts.devhost.host.functions import Binding, Function
from scripts.devhost.host.queue_messages import output_bodies
from scripts.devhost.host.settings import expand
from scripts.devhost.host.storage_accounts import StorageAccounts


def queue_name(binding: Binding, function: str) -> str:
    """The queue that a binding means: settings expanded, lower case."""
    return expand(str(binding.get("queueName", "")), f"Function {function}").lower()


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
            binding = function.binding(name)
            queue = queue_name(binding, function.name)
            storage = self._accounts.get(binding)
            try:
                for body in output_bodies(data):
                    await storage.put(queue, storage.encode(body))
            except (AzureError, ValueError) as error:
                reason = str(error).partition("\n")[0]
                raise InvocationError(f"OutputError: cannot send to {queue}: {reason}") from None
            if queue in self._wakers:
                self._wakers[queue]()
