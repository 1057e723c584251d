"""Rules of images."""

from shared.activity import service as activity
from shared.crawl import ledger_repo, settle_repo
from shared.crawl.orphans import delete_orphans
from shared.images import repo
from shared.images.schemas import ImageOut, ImageQuery
from shared.jobs import service as jobs
from shared.jobs.errors import JobRunning
from shared.platform import outbox
from shared.platform.blob import BlobStore
from shared.platform.db import Database, Transaction
from shared.platform.errors import NotFound
from shared.platform.pagination import Page, make_page
from shared.platform.principal import Principal


async def list_images(
    transaction: Transaction, principal: Principal, job_id: int, query: ImageQuery
) -> Page[ImageOut]:
    """A page of the images of the caller's job, newest first.

    Raises:
        NotFound: the caller has no such job.
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
    transaction: Transaction,
    principal: Principal,
    blobs: BlobStore,
    image_id: int,
    *,
    inline: bool,
) -> str:
    """A URL that reads the image's bytes for 15 minutes.

    Raises:
        NotFound: the caller has no such image.
    """
    image, blob_name = await _find(transaction, principal, image_id)
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
    if job["status"] == "running":
        raise JobRunning("The image's job is running; stop it first.")
    chunks = await settle_repo.forget_image(transaction, image_id)
    if not await repo.delete_image(transaction, image_id):
        raise NotFound("You have no such image.")
    await ledger_repo.recount_chunks(transaction, image.job_id, chunks)
    await ledger_repo.recount_job(transaction, image.job_id, at_most_every=0)
    await outbox.add(
        transaction,
        "delete_blobs",
        {"names": [image.blob_name, image.thumbnail]},
        key=f"image:{image_id}:deleted",
    )
    await activity.record(
        transaction, principal.user_id, "image.deleted", "image", image_id, job_id=image.job_id
    )


async def sweep_blobs(database: Database, blobs: BlobStore, job_id: int) -> int:
    """Deletes blobs of the job that no row refers to (a crash left them); returns how many."""
    swept = 0
    for kind in ("images", "thumbnails"):
        async for names in blobs.batches(f"jobs/{job_id}/{kind}/"):
            swept += await delete_orphans(database, blobs, job_id, names)
    return swept


async def _find(
    transaction: Transaction, principal: Principal, image_id: int
) -> tuple[ImageOut, str]:
    found = await repo.find_image(transaction, principal.user_id, image_id)
    if found is None:
        raise NotFound("You have no such image.")
    return found
