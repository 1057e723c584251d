"""Servers that answer in raw bytes, and a `SafeHttp` with small limits to meet them."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from shared.fetch.safe_http import FetchLimits, FetchRefused, SafeHttp

LIMITS = FetchLimits(
    total_seconds=2, idle_seconds=1, connect_seconds=1, max_bytes=100_000, retry_seconds=0.01,
    dns_cache_seconds=0, per_host=8,
)  # fmt: skip

Handler = Callable[[str, asyncio.StreamWriter], Awaitable[None]]


class Names(AbstractResolver):
    """Answers for every name, each time with the next address of its list."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.asked = count()

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        address = self.addresses[next(self.asked) % len(self.addresses)]
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [
            ResolveResult(
                hostname=host, host=address, port=port, family=family, proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]  # fmt: skip

    async def close(self) -> None:
        pass


@contextlib.asynccontextmanager
async def opened(
    limits: FetchLimits = LIMITS,
    *,
    allow: str | tuple[str, ...] = (),
    resolver: AbstractResolver | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[SafeHttp]:
    allowed = frozenset([allow] if isinstance(allow, str) else allow)
    client = SafeHttp(
        limits, user_agent="Test/1", allowed_hosts=allowed, resolver=resolver, tls=tls
    )
    try:
        yield client
    finally:
        await client.aclose()


class Server:
    """A server of raw bytes on loopback; `requests` are the request heads it got."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.requests: list[str] = []
        self.host = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                self.requests.append(head)
                await self.handler(head.split()[1], writer)
                await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    server = Server(handler)
    listener = await asyncio.start_server(server.handle, "127.0.0.1", 0, ssl=tls)
    server.host = f"127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listener.close()


def answer(
    writer: asyncio.StreamWriter, status: int = 200, body: bytes = b"", **headers: str
) -> None:
    lines = [f"HTTP/1.1 {status} Any"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if "Content_Length" not in headers:
        lines.append(f"Content-Length: {len(body)}")
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)


def answering(*answers: tuple[int, dict[str, str]]) -> Handler:
    """The answers one after the other, the last one for ever."""
    number = count()

    async def handler(_: str, writer: asyncio.StreamWriter) -> None:
        status, headers = answers[min(next(number), len(answers) - 1)]
        answer(writer, status, b"body", **headers)

    return handler


async def refusal(client: SafeHttp, url: str, *, obey_robots: bool = False) -> tuple[str, str]:
    with pytest.raises(FetchRefused) as refused:
        await client.fetch(url, obey_robots=obey_robots)
    return refused.value.outcome, refused.value.detail
