"""Signed addresses of blobs: with the account's key, or with a delegated one."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from shared.platform.net.retry import REQUEST_SECONDS, SDK_OPTIONS, retried
from shared.platform.settings import PlatformSettings
from shared.platform.shared_run import SharedRun

if TYPE_CHECKING:
    from azure.storage.blob.aio import BlobServiceClient

SAS_LIFETIME = timedelta(hours=1)
DOWNLOAD_LIFETIME = timedelta(minutes=15)
DELEGATION_LIFETIME = timedelta(hours=12)
CLOCK_SKEW = timedelta(minutes=5)
EPOCH = datetime.fromtimestamp(0, UTC)


class BlobAddresses:
    """Signed addresses of the blobs of one container, and the service's client.

    The SDK is imported when first needed (cold start).
    """

    def __init__(self, settings: PlatformSettings) -> None:
        self._settings = settings
        self._container = settings.storage_azure_container_name
        self._service: BlobServiceClient | None = None
        self._delegation: Any = None
        self._delegating = SharedRun[None]()
        self._delegation_ends = EPOCH
        self._write_sas = ""
        self._sas_expires = EPOCH

    async def to_write(self, name: str, query: dict[str, str]) -> str:
        """Where a blob, or with a ``query`` a part of it, is written to."""
        if datetime.now(UTC) > self._sas_expires - CLOCK_SKEW:
            self._write_sas = await self._sign("cw", SAS_LIFETIME)
            self._sas_expires = datetime.now(UTC) + SAS_LIFETIME
        parameters = f"{urlencode(query)}&" if query else ""
        return f"{self._url(name)}?{parameters}{self._write_sas}"

    async def to_read(self, name: str, filename: str, *, inline: bool = False) -> str:
        """Where a blob is read for 15 minutes; ``filename`` is what a browser saves it as."""
        disposition = "inline" if inline else "attachment"
        sas = await self._sign(
            "r", DOWNLOAD_LIFETIME, name, f'{disposition}; filename="{filename}"'
        )
        return f"{self._url(name)}?{sas}"

    async def to_upload(self, name: str) -> str:
        """Where a stranger writes this one blob within an hour, and can do nothing else."""
        return f"{self._url(name)}?{await self._sign('cw', SAS_LIFETIME, name)}"

    def public(self, url: str) -> str:
        """The same address where strangers get in: ``STORAGE_DOWNLOAD_URL``, if it is set."""
        if not self._settings.storage_download_url:
            return url
        public = urlsplit(self._settings.storage_download_url)
        return urlsplit(url)._replace(scheme=public.scheme, netloc=public.netloc).geturl()

    def client(self) -> "BlobServiceClient":
        """The SDK's client."""
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

    async def close(self) -> None:
        """Closes the client's connections."""
        if self._service is not None:
            await self._service.close()

    def _url(self, name: str) -> str:
        return f"{self.client().url.rstrip('/')}/{self._container}/{quote(name)}"

    async def _sign(
        self, permission: str, lifetime: timedelta, name: str | None = None, disposition: str = ""
    ) -> str:
        from azure.storage.blob import generate_blob_sas, generate_container_sas

        service, now = self.client(), datetime.now(UTC)
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
        fields |= {"blob_name": name, "content_disposition": disposition or None}
        return str(generate_blob_sas(**fields))

    async def _signing_key(self, now: datetime) -> dict[str, Any]:
        if self._settings.azure_storage_connection_string:
            return {"account_key": self.client().credential.account_key}
        if self._delegation is None or now > self._delegation_ends - SAS_LIFETIME:
            await self._delegating.result(partial(self._delegate, now))
        return {"user_delegation_key": self._delegation}

    async def _delegate(self, now: datetime) -> None:
        ends = now + DELEGATION_LIFETIME
        ask = partial(self.client().get_user_delegation_key, now - CLOCK_SKEW, ends)
        self._delegation = await retried(
            ask,
            self.client().primary_hostname,
            attempts=self._settings.storage_azure_max_retries,
            seconds=REQUEST_SECONDS,
        )
        self._delegation_ends = ends
