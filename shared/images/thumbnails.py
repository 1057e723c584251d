"""Thumbnails: made when first asked for, so that a crawl does not pay for what nobody looks at."""

import asyncio

from shared.images import repo
from shared.images.repo import StoredImage
from shared.imaging import thumbnail
from shared.platform.data.blob import BlobStore
from shared.platform.data.blob_tiers import bring_back
from shared.platform.data.db import Database
from shared.platform.errors import Archived, NotFound, Unavailable
from shared.platform.http.auth.principal import Principal

MADE_AT_ONCE = 2  # a gallery asks for a hundred: each may need 160 MB for a moment
# For the turn and the making: where storage is silent, they would wait for a minute one after the
# other, and no place would be left for other requests.
MOST_SECONDS = 30.0


class Thumbnails:
    """Thumbnails of stored images, a few of them made at a time."""

    def __init__(self, database: Database, blobs: BlobStore) -> None:
        self._database = database
        self._blobs = blobs
        self._turn = asyncio.Semaphore(MADE_AT_ONCE)

    async def url(self, principal: Principal, image_id: int) -> str | None:
        """A URL that reads the thumbnail of the caller's image for 15 minutes.

        None while storage brings back the image that it is to be made of.

        No connection to the database is held while the thumbnail is made.

        Raises:
            NotFound: the caller has no such image.
            Unavailable: storage does not answer, or too many thumbnails are asked for.
        """
        async with self._database.reading(principal.claims) as transaction:
            image = await repo.find_stored(transaction, principal.user_id, image_id)
        if image is None:
            raise NotFound("You have no such image.")
        if image.thumbnail_name != image.thumbnail:
            try:
                async with asyncio.timeout(MOST_SECONDS), self._turn:
                    await self._make(image)
            except TimeoutError:
                raise Unavailable("The thumbnail cannot be made at the moment.") from None
            except Archived:
                await bring_back(self._blobs, image.blob_name)
                return None
        name = f"{image.sha256}.webp"
        return await self._blobs.download_url(image.thumbnail, filename=name, inline=True)

    async def _make(self, image: StoredImage) -> None:
        """Stores the thumbnail; requests at once write the same bytes under the same name."""
        body = await self._blobs.get(image.blob_name)
        made = await asyncio.to_thread(thumbnail.make_thumbnail, body)
        await self._blobs.put(image.thumbnail, made, "image/webp")
        async with self._database.transaction() as transaction:
            kept = await repo.set_thumbnail(transaction, image.id, image.thumbnail)
        if not kept:  # deleted meanwhile, perhaps after its blobs were
            await self._blobs.delete([image.thumbnail])
            raise NotFound("You have no such image.")
