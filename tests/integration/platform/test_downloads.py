"""Signed URLs, at storage itself and at another address that leads there."""

from contextlib import aclosing
from urllib.parse import urlsplit

import httpx
import pytest

from shared.app.settings import Settings
from shared.platform.data.blob import BlobStore

NAME = "jobs/1/images/a b.jpeg"


class Store(BlobStore):
    """One that ``aclosing`` can close."""

    aclose = BlobStore.close


def reached_at(settings: Settings, url: str | None) -> aclosing[Store]:
    return aclosing(Store(settings.model_copy(update={"storage_download_url": url})))


@pytest.mark.parametrize("slash", ["", "/"])
async def test_a_signed_url_is_good_at_the_address_for_downloads(
    settings: Settings, slash: str
) -> None:
    async with reached_at(settings, None) as blobs:
        await blobs.put(NAME, b"picture", "image/jpeg")
        direct = urlsplit(await blobs.download_url(NAME, filename="a.jpeg"))
    async with reached_at(settings, f"http://localhost:{direct.port}{slash}") as blobs:
        url = await blobs.download_url(NAME, filename="a.jpeg")
    assert (direct.hostname, urlsplit(url).hostname) == ("127.0.0.1", "localhost")
    assert urlsplit(url).path == direct.path
    answer = httpx.get(url)
    assert (answer.status_code, answer.content) == (200, b"picture")
    assert answer.headers["content-disposition"] == 'attachment; filename="a.jpeg"'


async def test_the_app_itself_goes_straight_to_storage(settings: Settings) -> None:
    async with reached_at(settings, "http://nowhere.invalid") as blobs:
        await blobs.put(NAME, b"picture", "image/jpeg")
        assert await blobs.get(NAME) == b"picture"
