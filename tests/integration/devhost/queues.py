"""Storage queues as the tests use them."""

import base64
import contextlib

from azure.core.exceptions import ResourceExistsError
from azure.storage.queue import QueueClient

from tests.integration.devhost.hosting import eventually


def queue(connection: str, name: str) -> QueueClient:
    """The queue of that name, made if there is none."""
    client = QueueClient.from_connection_string(connection, name)
    with contextlib.suppress(ResourceExistsError):
        client.create_queue()
    return client


def take(client: QueueClient) -> str:
    """The text of the next message, which is deleted."""
    message = eventually(client.receive_message)
    assert message is not None
    client.delete_message(message)
    return str(message.content)


def encoded(text: str) -> str:
    """The text as the host stores it."""
    return base64.b64encode(text.encode()).decode()
