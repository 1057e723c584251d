"""Nothing is tried again in silence."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from loguru import logger
from pydantic import SecretStr

from shared.platform.blob import BlobStore
from shared.platform.errors import Unavailable
from shared.platform.queue import QueueSender
from shared.platform.retry import Refused, retried
from shared.platform.settings import Settings

STORED = b"""<?xml version="1.0"?><QueueMessagesList><QueueMessage><MessageId>1</MessageId>
<InsertionTime>Mon, 30 Nov 2026 00:00:00 GMT</InsertionTime>
<ExpirationTime>Mon, 30 Nov 2026 01:00:00 GMT</ExpirationTime><PopReceipt>r</PopReceipt>
<TimeNextVisible>Mon, 30 Nov 2026 00:00:00 GMT</TimeNextVisible>
</QueueMessage></QueueMessagesList>"""


@pytest.fixture
def attempts() -> Iterator[list[str]]:
    """Of each line that says so, which attempt had failed."""
    found: list[str] = []

    def note(message: Any) -> None:
        if message.record["message"] == "retried":
            found.append(message.record["extra"]["attempt"])

    sink = logger.add(note)
    yield found
    logger.remove(sink)


class FailingStore(BlobStore):
    failures = 2

    async def _put(self, name: str, data: bytes, content_type: str) -> None:
        self.failures -= 1
        if self.failures >= 0:
            raise Unavailable("Blob storage does not answer.")


async def test_of_a_download(attempts: list[str]) -> None:
    async def refuse() -> None:
        raise Refused("503")

    with pytest.raises(Refused):
        await retried(refuse, "host", lambda _: True, first_wait=0)
    assert attempts == ["1/3", "2/3"]


async def test_of_a_blob(attempts: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asyncio.sleep", _at_once)
    settings = Settings.model_construct(storage_azure_max_retries=3)
    await FailingStore(settings).put("name", b"", "image/png")
    assert attempts == ["1/3", "2/3"]


async def test_of_a_message(attempts: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    created = b"HTTP/1.1 201 Created\r\nContent-Type: application/xml\r\n"
    answers = [
        b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n",
        b"%sContent-Length: %d\r\n\r\n%s" % (created, len(STORED), STORED),
    ]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"</QueueMessage>"):
            writer.write(answers.pop(0))
            await writer.drain()
            if not answers:
                break
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    connection = SecretStr(f"AccountName=a;AccountKey=YQ==;QueueEndpoint=http://127.0.0.1:{port}/a")
    monkeypatch.setattr("asyncio.sleep", _at_once)
    sender = QueueSender(Settings.model_construct(azure_storage_connection_string=connection))
    async with server:
        await sender.send("notifications", {})
        await sender.close()
    assert attempts == ["1"]


_sleep = asyncio.sleep


async def _at_once(seconds: float, result: Any = None) -> Any:
    return await _sleep(0, result)
