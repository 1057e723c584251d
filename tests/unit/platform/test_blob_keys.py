"""Signing without an account key: with one of the service's, which it gives for some hours."""

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.exceptions import ServiceRequestError

from shared.app.settings import Settings
from shared.platform.data import blob_addresses
from shared.platform.data.blob import BlobStore
from shared.platform.errors import Unavailable


class Clock(datetime):
    """Stands still until it is moved."""

    moment = datetime(2026, 1, 1, tzinfo=UTC)

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return cls.moment


class Service:
    """The part of the SDK's client that gives keys."""

    url = "https://account.blob.core.windows.net/"
    account_name = "account"
    primary_hostname = "account.blob.core.windows.net"
    reachable, asked = True, 0

    async def get_user_delegation_key(self, start: datetime, expiry: datetime) -> SimpleNamespace:
        self.asked += 1
        await asyncio.sleep(0)
        if not self.reachable:
            raise ServiceRequestError("no route")
        moments = {"signed_start": f"{start:%FT%TZ}", "signed_expiry": f"{expiry:%FT%TZ}"}
        return SimpleNamespace(
            signed_oid="o", signed_tid="t", signed_service="b", signed_version="2020-12-06",
            signed_delegated_user_tid=None, value="a2V5", **moments,
        )  # fmt: skip


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def blobs(service: Service, monkeypatch: pytest.MonkeyPatch) -> BlobStore:
    monkeypatch.setattr(blob_addresses, "datetime", Clock)
    settings = Settings.model_construct(azure_storage_connection_string=None)
    store = BlobStore(settings)
    monkeypatch.setattr(store._addresses, "_service", service)
    return store


async def test_a_key_that_did_not_come_is_asked_for_again(
    blobs: BlobStore, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await blobs.download_url("a", filename="a")
    monkeypatch.setattr(Clock, "moment", Clock.moment + blob_addresses.DELEGATION_LIFETIME)
    service.reachable = False
    with pytest.raises(Unavailable):
        await blobs.download_url("a", filename="a")
    service.reachable = True
    monkeypatch.setattr(Clock, "moment", Clock.moment + timedelta(minutes=1))
    second = await blobs.download_url("a", filename="a")
    assert "ske=2026-01-01T12" in first
    assert "ske=2026-01-02T00" in second


async def test_a_key_is_asked_for_once_by_all_who_need_one(
    blobs: BlobStore, service: Service
) -> None:
    await asyncio.gather(*(blobs.download_url(name, filename="a") for name in "abc"))
    assert service.asked == 1
