"""Rules of images."""

from shared.activity import service as activity
from shared.crawl import service as crawl
from shared.images import repo
from shared.images.schemas import ImageOut, ImageQuery
from shared.jobs import service as jobs
from shared.jobs.errors import JobRunning
from shared.platform.data import outbox
from shared.platform.data.blob import BlobStore
from shared.platform.data.blob_tiers import bring_back, may_be_archived
from shared.platform.data.db import Database, Transaction
from shared.platform.errors import NotFound
from shared.platform.http.auth.principal import Principal
from shared.platform.http.pagination import Page, make_page


async def list_images(
    transaction: Transaction, principal: Principal, job_id: int, query: ImageQuery
) -> Page[ImageOut]:
    """A page of the images of the caller's job, newest first.

    Raises:
        NotFound: the caller has no such job.
        Invalid: the query's cursor is not one of this list.
    """
    rows = await repo.list_images(
        transaction, principal.user_id, job_id, query, limit=query.limit + 1
    )
    if not rows:
        await jobs.get_job(transaction, principal, job_id)
    return make_page(rows, query, lambda image: image.id)


async def get_image(transaction: Transaction, principal: Principal, image_id: int) -> ImageOut:
    """The caller's image.

    Raises:
        NotFound: there is none of that id, or it is somebody else's.
    """
    image, _ = await _find(transaction, principal, image_id)
    return image


async def download_url(
    database: Database,
    blobs: BlobStore,
    principal: Principal,
    image_id: int,
    *,
    inline: bool,
    archived_after: int,
) -> str | None:
    """A URL that reads the image's bytes for 15 minutes; None while storage brings them back.

    Storage is asked only about images that it may have archived, which it does with those that
    nobody has read for ``archived_after`` days. No connection to the database is held meanwhile.

    Raises:
        NotFound: the caller has no such image.
        Unavailable: storage does not answer, or gives no key.
    """
    async with database.reading(principal.claims) as transaction:
        image, blob_name = await _find(transaction, principal, image_id)
    if may_be_archived(image.created_at, archived_after) and await bring_back(blobs, blob_name):
        return None
    return await blobs.download_url(blob_name, filename=image.filename, inline=inline)


async def delete_image(transaction: Transaction, principal: Principal, image_id: int) -> None:
    """Removes the image; its job's counts follow at once, its blobs after the commit.

    Raises:
        NotFound: the caller has no such image.
        JobRunning: its job still counts what it finds.
    """
    image = await repo.find_stored(transaction, principal.user_id, image_id)
    if image is None:
        raise NotFound("You have no such image.")
    job = await jobs.lock_own(transaction, principal, image.job_id)
    if job.is_running:
        raise JobRunning("The image's job is running; stop it first.")
    await crawl.forget_image(transaction, image.job_id, image_id)
    if not await repo.delete_image(transaction, image_id):
        raise NotFound("You have no such image.")
    await outbox.add(
        transaction,
        outbox.DeleteBlobs(names=image.blobs),
        key=f"image:{image_id}:deleted",
    )
    await activity.record(
        transaction, principal.user_id, "image.deleted", "image", image_id, job_id=image.job_id
    )


async def sweep_blobs(database: Database, blobs: BlobStore, job_id: int) -> int:
    """Deletes blobs of the job that no row refers to (a crash left them); returns how many.

    Raises:
        Unavailable: storage refused some of it or did not answer.
    """
    swept = 0
    for prefix in (f"jobs/{job_id}/images/", f"thumbnails/{job_id}/"):
        async for names in blobs.batches(prefix):
            swept += await crawl.sweep(database, blobs, job_id, names)
    return swept


async def _find(
    transaction: Transaction, principal: Principal, image_id: int
) -> tuple[ImageOut, str]:
    found = await repo.find_image(transaction, principal.user_id, image_id)
    if found is None:
        raise NotFound("You have no such image.")
    return found
