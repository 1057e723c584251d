"""Images that storage has archived: asked for once, there some hours later, shown meanwhile."""

import httpx
import pytest

from shared.app.composition import Services
from shared.images import repo
from shared.images import service as images
from shared.images.repo import StoredImage
from shared.platform.data.blob_tiers import find_tier
from shared.platform.errors import NotFound
from shared.platform.http.auth.principal import Principal
from tests.integration.conftest import MakeJob, make_user, rows
from tests.integration.datasets.pictures import Picture, store
from tests.integration.platform.test_blob_tiers import archive


@pytest.fixture
async def image(services: Services, owner: Principal, make_job: MakeJob) -> StoredImage:
    """One that storage has archived."""
    job = await make_job()
    image_id = await store(services, job.id, Picture("cat", 1))
    async with services.database.transaction() as transaction:
        found = await repo.find_stored(transaction, owner.user_id, image_id)
    assert found is not None
    await archive(services.blobs, [found.blob_name])
    return found


async def url(
    services: Services, owner: Principal, image: StoredImage, *, after: int
) -> str | None:
    return await images.download_url(
        services.database, services.blobs, owner, image.id, inline=False, archived_after=after
    )


async def is_archived(services: Services, name: str) -> bool:
    tier = await find_tier(services.blobs, name)
    return tier is not None and tier.archived


class TestDownload:
    async def test_it_is_asked_for_and_then_there(
        self, services: Services, owner: Principal, image: StoredImage
    ) -> None:
        assert await url(services, owner, image, after=1) is None
        there = await url(services, owner, image, after=1)  # Azurite does it at once
        assert there is not None
        assert httpx.get(there).content == Picture("cat", 1).draw()

    async def test_storage_is_not_asked_about_what_is_too_young(
        self, services: Services, owner: Principal, image: StoredImage
    ) -> None:
        for after in (0, 30):
            assert await url(services, owner, image, after=after) is not None
        assert await is_archived(services, image.blob_name)
        old = "UPDATE images SET created_at = now() - interval '31 days' RETURNING id"
        await rows(services.database, old)
        assert await url(services, owner, image, after=30) is None

    async def test_nobody_has_anothers_brought_back(
        self, services: Services, owner: Principal, image: StoredImage
    ) -> None:
        other = await make_user(services.database)
        with pytest.raises(NotFound):
            await url(services, other, image, after=1)
        with pytest.raises(NotFound):
            await services.thumbnails.url(other, image.id)
        assert await is_archived(services, image.blob_name)


class TestThumbnail:
    async def test_the_image_is_asked_for_that_it_is_to_be_made_of(
        self, services: Services, owner: Principal, image: StoredImage
    ) -> None:
        assert await services.thumbnails.url(owner, image.id) is None
        there = await services.thumbnails.url(owner, image.id)
        assert there is not None
        assert httpx.get(there).headers["content-type"] == "image/webp"

    async def test_one_that_was_made_is_there_whatever_has_become_of_the_image(
        self, services: Services, owner: Principal, make_job: MakeJob
    ) -> None:
        job = await make_job()
        image_id = await store(services, job.id, Picture("cat", 2))
        assert await services.thumbnails.url(owner, image_id) is not None
        names = [name async for name in services.blobs.names(f"jobs/{job.id}/")]
        await archive(services.blobs, names)  # all that the lifecycle's rule is about
        there = await services.thumbnails.url(owner, image_id)
        assert there is not None
        assert httpx.get(there).status_code == 200
        assert await is_archived(services, names[0])

    async def test_one_where_they_were_once_is_made_anew(
        self, services: Services, owner: Principal, image: StoredImage
    ) -> None:
        await rows(
            services.database,
            "UPDATE images SET thumbnail_url = 'jobs/1/thumbnails/a.webp' RETURNING id",
        )
        await url(services, owner, image, after=1)
        there = await services.thumbnails.url(owner, image.id)
        assert there is not None
        assert httpx.get(there).status_code == 200
