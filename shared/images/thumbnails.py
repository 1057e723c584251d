"""Thumbnails: made when first asked for, so that a crawl does not pay for what nobody looks at."""

import asyncio

from shared.images import repo
from shared.images.repo import StoredImage
from shared.platform.blob import BlobStore
from shared.platform.db import Database
from shared.platform.errors import NotFound
from shared.platform.principal import Principal

MADE_AT_ONCE = 2  # a gallery asks for a hundred: each may need 160 MB for a moment

_making = asyncio.Semaphore(MADE_AT_ONCE)


async def thumbnail_url(
    database: Database, blobs: BlobStore, principal: Principal, image_id: int
) -> str:
    """A URL that reads the thumbnail of the caller's image for 15 minutes.

    No connection to the database is held while the thumbnail is made.

    Raises:
        NotFound: the caller has no such image.
    """
    async with database.reading(principal.claims) as transaction:
        image = await repo.find_stored(transaction, principal.user_id, image_id)
    if image is None:
        raise NotFound("You have no such image.")
    if image.thumbnail_name is None:
        async with _making:
            await _make(database, blobs, image)
    return await blobs.download_url(image.thumbnail, filename=f"{image.sha256}.webp", inline=True)


async def _make(database: Database, blobs: BlobStore, image: StoredImage) -> None:
    """Stores the thumbnail; requests at once write the same bytes under the same name."""
    from shared.imaging.thumbnail import make_thumbnail

    body = await blobs.get(image.blob_name)
    made = await asyncio.to_thread(make_thumbnail, body)
    await blobs.put(image.thumbnail, made, "image/webp")
    async with database.transaction() as transaction:
        kept = await repo.set_thumbnail(transaction, image.id, image.thumbnail)
    if not kept:  # deleted meanwhile, perhaps after its blobs were
        await blobs.delete([image.thumbnail])
        raise NotFound("You have no such image.")
