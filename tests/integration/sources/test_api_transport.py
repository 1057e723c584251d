"""A source's API over the transport that the app uses."""

import asyncio
from hashlib import sha256

import pytest
from httpx_aiohttp import HttpxAiohttpClient

from shared.sources.api import Api
from shared.sources.source import SourceUnavailable
from tests.fakes.raw_http import answer, serving


@pytest.mark.parametrize(
    "said", [b"SSH-2.0-OpenSSH_9.2\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"]
)
async def test_broken_answers_are_named(said: bytes) -> None:
    async def handler(_: str, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        writer.close()

    async with serving(handler) as server, HttpxAiohttpClient() as http:
        with pytest.raises(SourceUnavailable):
            await Api(http, "Test/1", 0.01).get(f"http://{server.host}/", {"q": "cat"})
    assert len(server.requests) == 3


async def test_object_is_read() -> None:
    async def handler(_: str, writer: asyncio.StreamWriter) -> None:
        answer(writer, body=b'{"results": []}')

    async with serving(handler) as server, HttpxAiohttpClient() as http:
        api = Api(http, "Test/1", 0.01)
        found, proof = await api.get(f"http://{server.host}/", {"q": "a cat", "key": "k3y"})
    assert found == {"results": []}
    assert proof.address == f"http://{server.host}/?q=a+cat"
    assert proof.sha256 == sha256(b'{"results": []}').hexdigest()
    assert server.requests[0].startswith("GET /?q=a+cat&key=k3y HTTP/1.1")
