"""Storage queues: sending. Receiving is the Functions host's work."""

import json
from typing import TYPE_CHECKING, Any

from shared.platform.net.retry import SDK_OPTIONS
from shared.platform.settings import PlatformSettings

if TYPE_CHECKING:
    from azure.storage.queue.aio import QueueServiceClient


class QueueSender:
    """Puts JSON messages on queues, encoded as host.json says (base64).

    Nothing is tried again, neither here nor by the SDK: see each call.
    """

    def __init__(self, settings: PlatformSettings) -> None:
        self._settings = settings
        self._service: QueueServiceClient | None = None

    async def send(self, queue: str, message: dict[str, Any]) -> None:
        """Puts one message on ``queue``, which must exist.

        Tried once: the outbox sends with its rows locked, and comes again.
        """
        from azure.storage.queue import TextBase64EncodePolicy

        client = self._client().get_queue_client(
            queue, message_encode_policy=TextBase64EncodePolicy()
        )
        await client.send_message(json.dumps(message))

    async def depth(self, queue: str) -> int:
        """About how many messages wait on ``queue``; none where there is no such queue yet.

        Tried once: whoever watches asks again within a minute, and waits for no second try.
        """
        from azure.core.exceptions import ResourceNotFoundError

        client = self._client().get_queue_client(queue)
        try:
            properties = await client.get_queue_properties()
        except ResourceNotFoundError:
            return 0
        return properties.approximate_message_count or 0

    async def ping(self) -> None:
        """Asks the queue service for anything at all, once; raises when it does not answer."""
        async for _ in self._client().list_queues(results_per_page=1):
            return

    async def close(self) -> None:
        """Closes its connections."""
        if self._service is not None:
            await self._service.close()

    def _client(self) -> "QueueServiceClient":
        if self._service is None:
            from azure.storage.queue.aio import QueueServiceClient

            connection = self._settings.azure_storage_connection_string
            if connection:
                self._service = QueueServiceClient.from_connection_string(
                    connection.get_secret_value(), **SDK_OPTIONS
                )
            else:
                from azure.identity.aio import DefaultAzureCredential

                self._service = QueueServiceClient(
                    str(self._settings.queue_service_uri),
                    credential=DefaultAzureCredential(),
                    **SDK_OPTIONS,
                )
        return self._service
