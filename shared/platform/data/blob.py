"""Blob storage: write, list, delete, and signed URLs to read.

Images are written by plain PUT over pooled connections with one container SAS: an upload costs a
tenth of what the SDK's does. The SDK is imported when first needed (cold start), and tries nothing
again: that is done here, by the rule of `shared/platform/net/retry.py`.
"""

import base64
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar

import aiohttp
import httpx
from yarl import URL

from shared.platform.data.blob_addresses import BlobAddresses
from shared.platform.data.blob_errors import check, storage_errors
from shared.platform.errors import NotFound, Unavailable
from shared.platform.net.retry import REQUEST_SECONDS, retried, without_own_retries
from shared.platform.settings import PlatformSettings

if TYPE_CHECKING:
    from azure.storage.blob.aio import ContainerClient

_T = TypeVar("_T")

SECONDS = 30  # for one blob, or a piece of it
PIECE = 4 * 2**20
LARGE = 2**20
LIST_BATCH = 1000  # reading a page of the service's 5,000 would take 23 MB
BATCH = 256  # the service's limit for one batch request
# Deleted, not there, or written again since.
_DELETED = frozenset({202, 404, 412})


class BlobStore:
    """The app's one container."""

    def __init__(self, settings: PlatformSettings) -> None:
        self._addresses = BlobAddresses(settings)
        self._opened: aiohttp.ClientSession | None = None
        self._container = settings.storage_azure_container_name
        self._attempts = settings.storage_azure_max_retries

    async def put(self, name: str, data: bytes, content_type: str) -> None:
        """Writes a blob, or overwrites it.

        Raises:
            Archived: there is an archived one of that name, which stays as it is.
            Unavailable: storage refused it, or did not answer at any try.
        """
        headers = {"x-ms-blob-type": "BlockBlob", "Content-Type": content_type}
        await self._write(name, {}, data, headers)

    async def put_block(self, name: str, block: str, data: bytes) -> None:
        """Keeps a block for a blob, for a week, until `join` has made it of its blocks.

        The names of all blocks of a blob are equally long. Put again, a block is replaced.

        Raises:
            Unavailable: storage refused it, or did not answer at any try.
        """
        await self._write(name, {"comp": "block", "blockid": _block_id(block)}, data, {})

    async def join(self, name: str, blocks: Sequence[str], content_type: str) -> None:
        """Makes the blob of its blocks, or makes it anew of them.

        Raises:
            Unavailable: storage does not have one of them, or did not answer at any try.
        """
        listed = "".join(f"<Latest>{_block_id(block)}</Latest>" for block in blocks)
        body = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{listed}</BlockList>'.encode()
        await self._write(
            name, {"comp": "blocklist"}, body, {"x-ms-blob-content-type": content_type}
        )

    async def get(self, name: str) -> bytes:
        """The bytes of a blob.

        Raises:
            NotFound: there is none of that name.
            Archived: storage has to bring it back first.
            Unavailable: storage refused it or did not answer.
        """
        return await self._read(name, {})

    async def read(self, name: str, start: int, length: int, *, etag: str | None = None) -> bytes:
        """So many bytes of a blob from ``start`` on, or as many as there are.

        Raises:
            NotFound: there is none of that name, or it was written again since it had that ETag.
            Archived: storage has to bring it back first.
            Unavailable: storage refused it or did not answer.
        """
        wanted = f"bytes={start}-{start + length - 1}"
        return await self._read(name, {"Range": wanted} | ({"If-Match": etag} if etag else {}))

    async def measure(self, name: str) -> tuple[int, str]:
        """Size and ETag of a blob.

        Raises:
            NotFound: there is none of that name.
            Unavailable: storage refused it or did not answer.
        """
        client = self.container().get_blob_client(name)
        if not await self.tried(client.exists):
            raise NotFound("The stored file is gone.")
        found = await self.tried(client.get_blob_properties)
        return found.size, found.etag

    async def pieces(self, name: str, *, start: int = 0) -> AsyncIterator[bytes]:
        """The bytes of a blob from ``start`` on, some megabytes at a time.

        Raises:
            NotFound: there is none of that name.
            Archived: storage has to bring it back first.
            Unavailable: storage refused it or did not answer.
        """
        while True:
            piece = await self._read(name, {"Range": f"bytes={start}-{start + PIECE - 1}"})
            if piece:
                yield piece
            start += len(piece)
            if len(piece) < PIECE:
                return

    async def names(self, prefix: str) -> AsyncIterator[str]:
        """The names of all blobs under ``prefix``.

        Raises:
            Unavailable: storage refused it or did not answer.
        """
        async for batch in self.batches(prefix):
            for name in batch:
                yield name

    async def batches(self, prefix: str) -> AsyncIterator[list[str]]:
        """The same, up to 1,000 at a time."""
        container = self.container()
        names = container.list_blob_names(name_starts_with=prefix, results_per_page=LIST_BATCH)
        pages = names.by_page()
        while page := await self.tried(lambda: anext(pages, None)):
            if batch := [name async for name in page]:
                yield batch

    async def delete(self, names: Sequence[str], *, older_than: datetime | None = None) -> None:
        """Deletes blobs, with ``older_than`` those that were not written again since then.

        Those that are gone already are no error.

        Raises:
            Unavailable: storage refused some of it or did not answer.
        """
        delete = partial(self.container().delete_blobs, if_unmodified_since=older_than)
        await self.ask_each("deleted", names, delete, lambda a: a.status_code in _DELETED)

    async def ask_each(
        self,
        done: str,
        names: Sequence[str],
        ask: Callable[..., Awaitable[AsyncIterator[Any]]],
        is_done: Callable[[Any], bool],
    ) -> None:
        """Asks one thing of each blob by a call of the SDK, many in a request.

        ``is_done`` tells from the answer for a blob whether it is, ``done`` what it should be.

        Raises:
            Unavailable: storage refused some of it or did not answer.
        """
        for start in range(0, len(names), BATCH):
            batch = names[start : start + BATCH]
            answers = await self.tried(partial(ask, *batch, raise_on_any_failure=False))
            refused = [answer.status_code async for answer in answers if not is_done(answer)]
            if refused:
                problem = f"{len(refused)} of {len(batch)} were not {done}: status {refused[0]}"
                raise Unavailable(f"Blob storage answered for each blob; {problem}.")

    async def ping(self) -> None:
        """Raises when the container does not answer, at the first try."""
        await (
            self._addresses.client()
            .get_container_client(self._container)
            .get_container_properties()
        )

    async def download_url(self, name: str, *, filename: str, inline: bool = False) -> str:
        """A URL to read one blob for 15 minutes; ``filename`` is what a browser saves it as.

        It leads to ``STORAGE_DOWNLOAD_URL`` where storage itself lets nobody in.
        """
        with storage_errors():
            return self._addresses.public(
                await self._addresses.to_read(name, filename, inline=inline)
            )

    async def upload_url(self, name: str) -> str:
        """A URL to write one blob within an hour, and for nothing else; public as the others."""
        with storage_errors():
            return self._addresses.public(await self._addresses.to_upload(name))

    async def close(self) -> None:
        """Closes its connections."""
        if self._opened is not None:
            await self._opened.close()
        await self._addresses.close()

    def container(self) -> "ContainerClient":
        """The container as the SDK knows it."""
        return self._addresses.client().get_container_client(self._container)

    async def tried(self, call: Callable[[], Awaitable[_T]], *, seconds: float = inf) -> _T:
        """The result of a call of the SDK, tried again by the one rule.

        Raises:
            Unavailable: storage refused it or did not answer.
        """
        host = self._addresses.client().primary_hostname
        with storage_errors():
            return await retried(call, host, attempts=self._attempts, seconds=seconds)

    async def _write(
        self, name: str, query: dict[str, str], data: bytes, headers: dict[str, str]
    ) -> None:
        with storage_errors():
            url = await self._addresses.to_write(name, query)
        status, _ = await self._send("PUT", url, data=data, headers=headers)
        if status != 201:
            raise Unavailable(f"Blob storage answered {status}.")

    async def _read(self, name: str, headers: dict[str, str]) -> bytes:
        with storage_errors():
            url = await self._addresses.to_read(name, "blob")
        status, content = await self._send("GET", url, headers=headers, seconds=REQUEST_SECONDS)
        if status in (404, 412):
            raise NotFound("The stored file is gone.")
        if status == 416:  # it has no byte there
            return b""
        if status not in (200, 206):
            raise Unavailable(f"Blob storage answered {status}.")
        return content

    async def _send(
        self,
        method: str,
        url: str,
        *,
        data: bytes | None = None,
        headers: dict[str, str],
        seconds: float = inf,
    ) -> tuple[int, bytes]:
        """Status and body of the answer."""

        async def ask() -> tuple[int, bytes]:
            request = self._session().request(
                method,
                URL(url, encoded=True),
                data=_body(data),
                headers=headers,
            )
            async with request as answer:
                check(answer.status, answer.headers)
                return answer.status, await answer.read()

        return await self.tried(ask, seconds=seconds)

    def _session(self) -> aiohttp.ClientSession:
        if self._opened is None:
            session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=httpx.create_ssl_context(trust_env=False)),
                timeout=aiohttp.ClientTimeout(total=SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
            self._opened = without_own_retries(session)
        return self._opened


def _body(data: bytes | None) -> bytes | io.BytesIO | None:
    """What aiohttp sends of it: of much at a time it says that it holds up everything else."""
    return io.BytesIO(data) if data and len(data) > LARGE else data


def _block_id(block: str) -> str:
    return base64.b64encode(block.encode()).decode()
