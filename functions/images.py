"""Images."""

from typing import Final

import azure.durable_functions as df

from shared.app.http import Call, Reply, endpoint
from shared.images import review
from shared.images import service as images
from shared.images.schemas import (
    ConflictOut,
    DownloadQuery,
    ImageOut,
    ImageQuery,
    ImageReview,
    ImageReviews,
    RestoringOut,
    ReviewedOut,
)
from shared.jobs.errors import JobRunning
from shared.platform.errors import NotFound
from shared.platform.http.pagination import Page, PageQuery

bp = df.Blueprint()

RESTORING_SECONDS: Final = 3600  # storage takes some hours


@endpoint(
    bp,
    "GET",
    "api/v1/jobs/{job_id:int}/images",
    returns={200: Page[ImageOut]},
    scope="images:read",
    raises=(NotFound,),
)
async def list_job_images(call: Call, job_id: int, query: ImageQuery) -> Page[ImageOut]:
    """The images of a job with their provenance, newest first."""
    return await images.list_images(call.tx, call.principal, job_id, query)


@endpoint(
    bp,
    "GET",
    "api/v1/jobs/{job_id:int}/images/conflicts",
    returns={200: Page[ConflictOut]},
    scope="images:read",
    raises=(NotFound,),
    internal=True,
)
async def list_image_conflicts(call: Call, job_id: int, query: PageQuery) -> Page[ConflictOut]:
    """The pictures of a job that have two labels, newest first."""
    return await review.list_conflicts(call.tx, call.principal, job_id, query)


@endpoint(
    bp,
    "POST",
    "api/v1/jobs/{job_id:int}/images/batch",
    returns={200: ReviewedOut},
    scope="jobs:write",
    raises=(NotFound,),
    idempotent=True,
)
async def review_images(call: Call, job_id: int, body: ImageReviews) -> ReviewedOut:
    """Say what images of a job show, or whether to keep them: all that are named, or none."""
    return await review.review_images(call.tx, call.principal, job_id, body)


@endpoint(
    bp,
    "PATCH",
    "api/v1/images/{image_id:int}",
    returns={200: ImageOut},
    scope="jobs:write",
    raises=(NotFound,),
)
async def review_image(call: Call, image_id: int, body: ImageReview) -> ImageOut:
    """Say what an image shows, or whether to keep it."""
    return await review.review_image(call.tx, call.principal, image_id, body)


@endpoint(
    bp,
    "GET",
    "api/v1/images/{image_id:int}",
    returns={200: ImageOut},
    scope="images:read",
    raises=(NotFound,),
    etag=True,
)
async def get_image(call: Call, image_id: int) -> ImageOut:
    """One image."""
    return await images.get_image(call.tx, call.principal, image_id)


@endpoint(
    bp,
    "GET",
    "api/v1/images/{image_id:int}/download",
    returns={302: None, 202: RestoringOut},
    scope="images:read",
    raises=(NotFound,),
    in_transaction=False,
)
async def download_image(call: Call, image_id: int, query: DownloadQuery) -> Reply:
    """Redirect to the image's bytes, readable for 15 minutes."""
    url = await images.download_url(
        call.services.database,
        call.services.blobs,
        call.principal,
        image_id,
        inline=query.disposition == "inline",
        archived_after=call.services.settings.storage_archive_after_days,
    )
    return _redirect(url)


@endpoint(
    bp,
    "GET",
    "api/v1/images/{image_id:int}/thumbnail",
    returns={302: None, 202: RestoringOut},
    scope="images:read",
    raises=(NotFound,),
    in_transaction=False,
)
async def get_image_thumbnail(call: Call, image_id: int) -> Reply:
    """Redirect to a WebP of the image of at most 256 px a side, readable for 15 minutes."""
    url = await call.services.thumbnails.url(call.principal, image_id)
    return _redirect(url)


@endpoint(
    bp,
    "DELETE",
    "api/v1/images/{image_id:int}",
    returns={204: None},
    scope="jobs:write",
    raises=(NotFound, JobRunning),
)
async def delete_image(call: Call, image_id: int) -> None:
    """Delete an image from its job's dataset."""
    await images.delete_image(call.tx, call.principal, image_id)


def _redirect(url: str | None) -> Reply:
    if url is None:
        return Reply(RestoringOut(), {"Retry-After": str(RESTORING_SECONDS)}, status=202)
    return Reply(headers={"Location": url})
