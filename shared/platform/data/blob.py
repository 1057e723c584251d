"""Blob storage: write, list, delete, and signed URLs to read.

Images are written by plain PUT over pooled connections with one container SAS: an upload costs a
tenth of what the SDK's does. The SDK is imported when first needed (cold start), and tries nothing
again: that is done here, by the rule of `shared/platform/net/retry.py`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlsplit

import aiohttp
import httpx
from yarl import URL

from shared.platform.errors import NotFound, Unavailable
from shared.platform.net.retry import (
    REQUEST_SECONDS,
    SDK_OPTIONS,
    Refused,
    retried,
    retry_after,
    status_may_pass,
    without_own_retries,
)
from shared.platform.settings import PlatformSettings
from shared.platform.shared_run import SharedRun

if TYPE_CHECKING:
    from azure.storage.blob.aio import BlobServiceClient

_T = TypeVar("_T")

SAS_LIFETIME = timedelta(hours=1)
DOWNLOAD_LIFETIME = timedelta(minutes=15)
DELEGATION_LIFETIME = timedelta(hours=12)
CLOCK_SKEW = timedelta(minutes=5)
EPOCH = datetime.fromtimestamp(0, UTC)
SECONDS = 30  # for one blob
LIST_BATCH = 1000  # reading a page of the service's 5,000 would take 23 MB
DELETE_BATCH = 256  # the service's limit for one batch request
# Deleted, not there, or written again since.
_DELETED = frozenset({202, 404, 412})


class BlobStore:
    """The app's one container."""

    def __init__(self, settings: PlatformSettings) -> None:
        self._settings = settings
        self._opened: aiohttp.ClientSession | None = None
        self._container = settings.storage_azure_container_name
        self._attempts = settings.storage_azure_max_retries
        self._service: BlobServiceClient | None = None
        self._delegation: Any = None
        self._delegating = SharedRun[None]()
        self._delegation_ends = EPOCH
        self._write_sas = ""
        self._sas_expires = EPOCH

    async def put(self, name: str, data: bytes, content_type: str) -> None:
        """Writes a blob, or overwrites it.

        Raises:
            Unavailable: storage refused it, or did not answer at any try.
        """
        url = f"{self._url(name)}?{await self._container_sas()}"
        headers = {"x-ms-blob-type": "BlockBlob", "Content-Type": content_type}
        status, _ = await self._send("PUT", url, data=data, headers=headers)
        if status != 201:
            raise Unavailable(f"Blob storage answered {status}.")

    async def get(self, name: str) -> bytes:
        """The bytes of a blob.

        Raises:
            NotFound: there is none of that name.
            Unavailable: storage refused it or did not answer.
        """
        url = await self._readable(name, "blob", inline=False)
        status, content = await self._send("GET", url, seconds=REQUEST_SECONDS)
        if status == 404:
            raise NotFound("The stored file is gone.")
        if status != 200:
            raise Unavailable(f"Blob storage answered {status}.")
        return content

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
        container = self._client().get_container_client(self._container)
        names = container.list_blob_names(name_starts_with=prefix, results_per_page=LIST_BATCH)
        pages = names.by_page()
        while page := await self._tried(lambda: anext(pages, None)):
            if batch := [name async for name in page]:
                yield batch

    async def delete(self, names: Sequence[str], *, older_than: datetime | None = None) -> None:
        """Deletes blobs, with ``older_than`` those that were not written again since then.

        Those that are gone already are no error.

        Raises:
            Unavailable: storage refused some of it or did not answer.
        """
        container = self._client().get_container_client(self._container)
        for start in range(0, len(names), DELETE_BATCH):
            batch = names[start : start + DELETE_BATCH]
            delete = partial(
                container.delete_blobs, *batch,
                if_unmodified_since=older_than, raise_on_any_failure=False,
            )  # fmt: skip
            answers = await self._tried(delete)
            refused = [a.status_code async for a in answers if a.status_code not in _DELETED]
            if refused:
                problem = f"{len(refused)} of {len(batch)} were not deleted: status {refused[0]}"
                raise Unavailable(f"Blob storage answered for each blob; {problem}.")

    async def ping(self) -> None:
        """Raises when the container does not answer, at the first try."""
        await self._client().get_container_client(self._container).get_container_properties()

    async def download_url(self, name: str, *, filename: str, inline: bool = False) -> str:
        """A URL to read one blob for 15 minutes; ``filename`` is what a browser saves it as.

        It leads to ``STORAGE_DOWNLOAD_URL`` where storage itself lets nobody in.
        """
        direct = await self._readable(name, filename, inline=inline)
        if not self._settings.storage_download_url:
            return direct
        public = urlsplit(self._settings.storage_download_url)
        return urlsplit(direct)._replace(scheme=public.scheme, netloc=public.netloc).geturl()

    async def _readable(self, name: str, filename: str, *, inline: bool) -> str:
        disposition = "inline" if inline else "attachment"
        sas = await self._sign(
            "r", DOWNLOAD_LIFETIME, name, f'{disposition}; filename="{filename}"'
        )
        return f"{self._url(name)}?{sas}"

    async def close(self) -> None:
        """Closes its connections."""
        if self._opened is not None:
            await self._opened.close()
        if self._service is not None:
            await self._service.close()

    async def _send(
        self, method: str, url: str, *, seconds: float = inf, **options: Any
    ) -> tuple[int, bytes]:
        """Status and body of the answer."""

        async def ask() -> tuple[int, bytes]:
            async with self._session().request(method, URL(url, encoded=True), **options) as answer:
                if status_may_pass(answer.status):
                    raise _Passing(
                        f"Blob storage answered {answer.status}.",
                        retry_after=retry_after(answer.headers),
                    )
                return answer.status, await answer.read()

        return await self._tried(ask, seconds=seconds)

    async def _tried(self, call: Callable[[], Awaitable[_T]], *, seconds: float = inf) -> _T:
        host = self._client().primary_hostname
        with _storage_errors():
            return await retried(call, host, attempts=self._attempts, seconds=seconds)

    def _session(self) -> aiohttp.ClientSession:
        if self._opened is None:
            session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=httpx.create_ssl_context(trust_env=False)),
                timeout=aiohttp.ClientTimeout(total=SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
            self._opened = without_own_retries(session)
        return self._opened

    def _url(self, name: str) -> str:
        return f"{self._client().url.rstrip('/')}/{self._container}/{quote(name)}"

    async def _container_sas(self) -> str:
        if datetime.now(UTC) > self._sas_expires - CLOCK_SKEW:
            self._write_sas = await self._sign("cw", SAS_LIFETIME)
            self._sas_expires = datetime.now(UTC) + SAS_LIFETIME
        return self._write_sas

    async def _sign(
        self, permission: str, lifetime: timedelta, name: str | None = None, disposition: str = ""
    ) -> str:
        from azure.storage.blob import generate_blob_sas, generate_container_sas

        service, now = self._client(), datetime.now(UTC)
        fields: dict[str, Any] = {
            "account_name": service.account_name,
            "container_name": self._container,
            "permission": permission,
            "start": now - CLOCK_SKEW,
            "expiry": now + lifetime,
            **await self._signing_key(now),
        }
        if name is None:
            return str(generate_container_sas(**fields))
        return str(generate_blob_sas(blob_name=name, content_disposition=disposition, **fields))

    async def _signing_key(self, now: datetime) -> dict[str, Any]:
        if self._settings.azure_storage_connection_string:
            return {"account_key": self._client().credential.account_key}
        if self._delegation is None or now > self._delegation_ends - SAS_LIFETIME:
            await self._delegating.result(partial(self._delegate, now))
        return {"user_delegation_key": self._delegation}

    async def _delegate(self, now: datetime) -> None:
        ends = now + DELEGATION_LIFETIME
        ask = partial(self._client().get_user_delegation_key, now - CLOCK_SKEW, ends)
        self._delegation = await self._tried(ask, seconds=REQUEST_SECONDS)
        self._delegation_ends = ends

    def _client(self) -> "BlobServiceClient":
        if self._service is None:
            from azure.storage.blob.aio import BlobServiceClient

            connection = self._settings.azure_storage_connection_string
            if connection:
                self._service = BlobServiceClient.from_connection_string(
                    connection.get_secret_value(), **SDK_OPTIONS
                )
            else:
                from azure.identity.aio import DefaultAzureCredential

                self._service = BlobServiceClient(
                    str(self._settings.blob_service_uri),
                    credential=DefaultAzureCredential(),
                    **SDK_OPTIONS,
                )
        return self._service


class _Passing(Refused):
    """An answer after which another try is worth it."""

    may_pass = True


@contextmanager
def _storage_errors() -> Iterator[None]:
    """Errors of the network and of the SDK as ours."""
    from azure.core.exceptions import AzureError

    try:
        yield
    except _Passing as answered:
        raise Unavailable(str(answered)) from None
    except (AzureError, aiohttp.ClientError, TimeoutError) as error:
        raise Unavailable("Blob storage does not answer.") from error
