"""Every way in which the app calls over the network, and a server that treats all alike."""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import jwt
from httpx_aiohttp import HttpxAiohttpClient
from pydantic import SecretStr

from shared.app.settings import Settings
from shared.fetch.safe_http import FetchLimits
from shared.identity import supabase_auth
from shared.identity.schemas import Credentials, Signup
from shared.platform.data import blob_tiers
from shared.platform.data.blob import BlobStore
from shared.platform.data.queue import QueueSender
from shared.platform.http.auth.introspection import Introspection
from shared.platform.http.auth.tokens import TokenVerifier
from shared.sources.api import Api
from tests.fakes.raw_http import opened

ACCOUNT = Signup(email="ada@example.com", password=SecretStr("correct horse"))
SIGN_IN = Credentials(email="ada@example.com", password=SecretStr("correct horse"))

Way = Callable[[str], Awaitable[Any]]


class Server:
    """Answers every request with its status, with 0 hangs up, with -1 talks junk; counts them."""

    def __init__(self) -> None:
        self.status, self.headers, self.requests, self.host = 503, "", 0, ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
        await reader.readexactly(int(length[1]) if length else 0)
        self.requests += 1
        if self.status < 0:
            writer.write(b"junk\r\n\r\n")
        elif self.status:
            start = f"HTTP/1.1 {self.status} Any\r\n{self.headers}Connection: close\r\n"
            body = "" if head.startswith("HEAD ") else "{}"
            writer.write(f"{start}Content-Length: 2\r\n\r\n{body}".encode())
            await writer.drain()
        writer.close()


def settings(host: str, **changes: Any) -> Settings:
    storage = f"AccountName=a;AccountKey=YQ==;BlobEndpoint=http://{host}/a"
    return Settings.model_construct(
        supabase_url=f"http://{host}",
        supabase_anon_key=SecretStr("anon"),
        azure_storage_connection_string=SecretStr(f"{storage};QueueEndpoint=http://{host}/a"),
        **changes,
    )


async def image(host: str) -> None:
    async with opened(FetchLimits(), allow=host) as client:
        await client.fetch(f"http://{host}/")


async def source(host: str) -> None:
    async with httpx.AsyncClient() as http:
        await Api(http, "Test/1").get(f"http://{host}/", {})


def blobs(call: Callable[[BlobStore], Awaitable[Any]], **changes: Any) -> Way:
    async def way(host: str) -> None:
        store = BlobStore(settings(host, **changes))
        try:
            await call(store)
        finally:
            await store.close()

    return way


def queue(call: Callable[[QueueSender], Awaitable[Any]]) -> Way:
    async def way(host: str) -> None:
        sender = QueueSender(settings(host))
        try:
            await call(sender)
        finally:
            await sender.close()

    return way


async def listed(store: BlobStore) -> None:
    async for _ in store.names("jobs/1/"):
        pass


async def tiers(store: BlobStore) -> None:
    async for _ in blob_tiers.list_tiers(store, "jobs/1/"):
        pass


async def keys(host: str) -> None:
    async with HttpxAiohttpClient() as http:
        verifier = TokenVerifier(
            f"http://{host}", http, Introspection(f"http://{host}", "anon", http)
        )
        header = jwt.utils.base64url_encode(b'{"alg":"ES256","kid":"k"}').decode()
        await verifier.verify(f"{header}.e30.e30")


async def introspection(host: str) -> None:
    async with HttpxAiohttpClient() as http:
        await Introspection(f"http://{host}", "anon", http).check("token", b"digest", uuid4())


WAYS: dict[str, Way] = {
    "an image": image,
    "a source": source,
    "a blob written": blobs(lambda store: store.put("a", b"picture", "image/png")),
    "a blob read": blobs(lambda store: store.get("a")),
    "blobs listed": blobs(listed),
    "blobs deleted": blobs(lambda store: store.delete(["a"])),
    "a blob's tier": blobs(lambda store: blob_tiers.find_tier(store, "a")),
    "the tiers of blobs": blobs(tiers),
    "blobs restored": blobs(lambda store: blob_tiers.restore(store, ["a"])),
    "published keys": keys,
    "whose token it is": introspection,
    "signing in": lambda host: supabase_auth.sign_in(settings(host), SIGN_IN),
    "signing out": lambda host: supabase_auth.sign_out(settings(host), "token"),
}
# What must not be done twice.
UNREPEATABLE: dict[str, Way] = {
    "signing up": lambda host: supabase_auth.sign_up(settings(host), ACCOUNT),
    "refreshing": lambda host: supabase_auth.refresh(settings(host), "token"),
}
# What is done with rows locked.
ONCE: dict[str, Way] = {
    "a message": queue(lambda queues: queues.send("notifications", {})),
}
CHECKS: dict[str, Way] = {
    "blobs": blobs(lambda store: store.ping()),
    "queues": queue(lambda queues: queues.ping()),
    "the depth of a queue": queue(lambda queues: queues.depth("notifications")),
}


async def ask(way: Way, host: str) -> None:
    """Some ways take a refusal for an answer."""
    with contextlib.suppress(Exception):
        await way(host)


async def unused() -> str:
    """An address where nobody listens."""
    listener = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    listener.close()
    await listener.wait_closed()
    return f"127.0.0.1:{port}"
