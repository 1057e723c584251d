"""Blob storage: write, list, delete, and signed URLs to read.

Images are written by plain PUT over pooled connections with one container SAS: an upload costs a
tenth of what the SDK's does. The SDK is imported when first needed (cold start).
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import aiohttp
import httpx
from tenacity import retry, retry_if_exception_type, wait_exponential
from yarl import URL

from shared.platform.errors import NotFound, Unavailable
from shared.platform.retry import log_retry, log_sdk_retry
from shared.platform.settings import Settings

if TYPE_CHECKING:
    from azure.storage.blob.aio import BlobServiceClient

SAS_LIFETIME = timedelta(hours=1)
DOWNLOAD_LIFETIME = timedelta(minutes=15)
DELEGATION_LIFETIME = timedelta(hours=12)
CLOCK_SKEW = timedelta(minutes=5)
EPOCH = datetime.fromtimestamp(0, UTC)
SECONDS = 30  # for one blob
FIRST_WAIT = 0.5  # seconds before the second try; they double up to four
LIST_BATCH = 1000  # reading a page of the service's 5,000 would take 23 MB
DELETE_BATCH = 256  # the service's limit for one batch request


class BlobStore:
    """The app's one container."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opened: aiohttp.ClientSession | None = None
        self._container = settings.storage_azure_container_name
        self.attempts = settings.storage_azure_max_retries
        self._service: BlobServiceClient | None = None
        self._delegation: Any = None
        self._delegation_ends = EPOCH
        self._write_sas = ""
        self._sas_expires = EPOCH

    async def put(self, name: str, data: bytes, content_type: str) -> None:
        """Writes a blob, or overwrites it.

        Raises:
            Unavailable: storage refused it or did not answer, `attempts` times.
        """
        try:  # without tenacity: it takes 0.1 ms of CPU even where the first try succeeds
            await self._put(name, data, content_type)
        except Unavailable as error:
            if self.attempts < 2:
                raise
            log_retry("blob storage", error, attempt=f"1/{self.attempts}")
            await asyncio.sleep(FIRST_WAIT)
            await self._put_again(name, data, content_type)

    @retry(
        retry=retry_if_exception_type(Unavailable),
        stop=lambda state: state.attempt_number >= state.args[0].attempts - 1,
        wait=wait_exponential(multiplier=2 * FIRST_WAIT, max=4),
        before_sleep=lambda state: log_retry(
            "blob storage",
            state.outcome.exception() if state.outcome else None,
            attempt=f"{state.attempt_number + 1}/{state.args[0].attempts}",
        ),
        reraise=True,
    )
    async def _put_again(self, name: str, data: bytes, content_type: str) -> None:
        await self._put(name, data, content_type)

    async def _put(self, name: str, data: bytes, content_type: str) -> None:
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
        url = await self.download_url(name, filename="blob")
        status, content = await self._send("GET", url)
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
        with _storage_errors():
            names = container.list_blob_names(name_starts_with=prefix, results_per_page=LIST_BATCH)
            async for page in names.by_page():
                if batch := [name async for name in page]:
                    yield batch

    async def delete(self, names: Sequence[str], *, older_than: datetime | None = None) -> None:
        """Deletes blobs, with ``older_than`` those that were not written again since then.

        Those that are gone already are no error.

        Raises:
            Unavailable: storage refused it or did not answer.
        """
        container = self._client().get_container_client(self._container)
        with _storage_errors():
            for start in range(0, len(names), DELETE_BATCH):
                batch = names[start : start + DELETE_BATCH]
                await container.delete_blobs(
                    *batch, if_unmodified_since=older_than, raise_on_any_failure=False,
                    retry_hook=log_sdk_retry,
                )  # fmt: skip

    async def ping(self) -> None:
        """Raises when the container does not answer."""
        await self._client().get_container_client(self._container).get_container_properties()

    async def download_url(self, name: str, *, filename: str, inline: bool = False) -> str:
        """A URL to read one blob for 15 minutes; ``filename`` is what a browser saves it as."""
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

    async def _send(self, method: str, url: str, **options: Any) -> tuple[int, bytes]:
        """Status and body of the answer."""
        try:
            async with self._session().request(method, URL(url, encoded=True), **options) as answer:
                return answer.status, await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable("Blob storage does not answer.") from error

    def _session(self) -> aiohttp.ClientSession:
        if self._opened is None:
            self._opened = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=httpx.create_ssl_context(trust_env=False)),
                timeout=aiohttp.ClientTimeout(total=SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
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
            ends = now + DELEGATION_LIFETIME
            with _storage_errors():
                self._delegation = await self._client().get_user_delegation_key(
                    now - CLOCK_SKEW, ends
                )
            self._delegation_ends = ends
        return {"user_delegation_key": self._delegation}

    def _client(self) -> "BlobServiceClient":
        if self._service is None:
            from azure.storage.blob.aio import BlobServiceClient

            connection = self._settings.azure_storage_connection_string
            if connection:
                self._service = BlobServiceClient.from_connection_string(
                    connection.get_secret_value()
                )
            else:
                from azure.identity.aio import DefaultAzureCredential

                self._service = BlobServiceClient(
                    str(self._settings.blob_service_uri), credential=DefaultAzureCredential()
                )
        return self._service


@contextmanager
def _storage_errors() -> Iterator[None]:
    """The SDK's errors as ours."""
    from azure.core.exceptions import AzureError

    try:
        yield
    except AzureError as error:
        raise Unavailable("Blob storage does not answer.") from error
