"""Reviewing images: people say what one shows, and whether to keep it.

Also while a job runs: a person need not wait for a long crawl to look at what it has. What they say
stays, whatever the crawl finds out later about an image; should it give the image up, for a better
one over the quota, the review goes with it.
"""

from collections.abc import Collection
from typing import Any

from shared.activity import service as activity
from shared.crawl.labels import labels_of, other_spelling
from shared.crawl.model import LockedJob
from shared.images import repo, review_repo, service
from shared.images.schemas import ConflictOut, ImageOut, ImageReview, ImageReviews, ReviewedOut
from shared.jobs import service as jobs
from shared.platform.data.db import Transaction
from shared.platform.errors import Invalid, NotFound
from shared.platform.http.auth.principal import Principal
from shared.platform.http.pagination import Page, PageQuery, make_page


async def review_image(
    transaction: Transaction, principal: Principal, image_id: int, review: ImageReview
) -> ImageOut:
    """The caller's image with the review; its job goes on if it runs.

    Raises:
        NotFound: the caller has no such image.
        Invalid: its job has a label that differs in case or Unicode form alone.
    """
    image = await repo.find_stored(transaction, principal.user_id, image_id)
    if image is None:
        raise NotFound("You have no such image.")
    job = await jobs.lock_own(transaction, principal, image.job_id)
    changes = review.changes()
    _check_label(job, changes)
    if not await review_repo.write_review(transaction, job.id, [image_id], changes):
        raise NotFound("You have no such image.")
    await activity.record(
        transaction,
        principal.user_id,
        "image.reviewed",
        "image",
        image_id,
        job_id=job.id,
        **changes,
    )
    return await service.get_image(transaction, principal, image_id)


async def review_images(
    transaction: Transaction, principal: Principal, job_id: int, reviews: ImageReviews
) -> ReviewedOut:
    """How many images of the caller's job have the review now: all of those named, or none.

    Raises:
        NotFound: the caller has no such job.
        Invalid: it does not have all of the images, or has a label that differs in case or Unicode
            form alone.
    """
    job = await jobs.lock_own(transaction, principal, job_id)
    changes = reviews.changes()
    wanted = set(changes.pop("image_ids"))
    _check_label(job, changes)
    written = await review_repo.write_review(transaction, job_id, sorted(wanted), changes)
    if missing := wanted - written:
        raise _invalid("image_ids", f"no images of the job: {_listed(missing)}")
    await activity.record(
        transaction,
        principal.user_id,
        "image.reviewed",
        "job",
        job_id,
        images=len(written),
        **changes,
    )
    return ReviewedOut(updated=len(written))


async def list_conflicts(
    transaction: Transaction, principal: Principal, job_id: int, query: PageQuery
) -> Page[ConflictOut]:
    """A page of the pictures in the caller's job that have two labels, newest first.

    Raises:
        NotFound: the caller has no such job.
        Invalid: the query's cursor is not one of this list.
    """
    rows = await review_repo.list_conflicts(
        transaction, principal.user_id, job_id, below=query.below, limit=query.limit + 1
    )
    if not rows:
        await jobs.get_job(transaction, principal, job_id)
    return make_page(rows, query, lambda conflict: conflict.place)


def _check_label(job: LockedJob, changes: dict[str, Any]) -> None:
    label = changes.get("label")
    own = other_spelling(label, labels_of(job.keywords, job.categories)) if label else None
    if own is not None:
        raise _invalid("label", f"the job calls it: {own}")


def _invalid(field: str, problem: str) -> Invalid:
    error = {"loc": ["body", field], "msg": problem, "type": "value_error"}
    return Invalid(f"Invalid: {field}.", errors=[error])


def _listed(image_ids: Collection[int]) -> str:
    return ", ".join(map(str, sorted(image_ids)))
