"""What a job lists: its URLs or its upload, its keywords, their categories; all must fit."""

from typing import Any

from shared.crawl import service as crawl
from shared.crawl.labels import find_problem
from shared.crawl.model import URL_LIST, LockedJob
from shared.jobs import repo
from shared.jobs.schemas import MOST_KEYWORDS, JobCreate
from shared.platform.data.db import Transaction
from shared.platform.errors import Invalid
from shared.platform.http.auth.principal import Principal
from shared.uploads import service as uploads
from shared.uploads.schemas import UploadDetail


async def find_upload(
    transaction: Transaction, principal: Principal, job: JobCreate
) -> UploadDetail | None:
    """The upload of a new job that has one.

    Raises:
        NotFound: the caller has no such upload.
        UploadNotReady: it was not read yet, or cannot be.
        Invalid: its labels are others than the job's keywords.
    """
    if job.upload_id is None:
        return None
    upload = await uploads.use_upload(transaction, principal, job.upload_id)
    if (
        upload.label_count
        and job.keywords
        and not await uploads.has_labels(transaction, upload.id, job.keywords)
    ):
        names = ", ".join(list(upload.labels)[:10])
        raise invalid("keywords", f"the labels of the list are others: {names}", "value_error")
    return upload


def with_labels(job: JobCreate, upload: UploadDetail) -> JobCreate:
    """The job with the labels of its list as its keywords.

    Raises:
        Invalid: it has none, or too many; or the job's categories do not fit them.
    """
    if upload.label_count == 0:
        raise invalid("keywords", "the list has no labels: name a keyword", "missing")
    if upload.label_count > MOST_KEYWORDS:
        problem = (
            f"the list has {upload.label_count:,} labels, and a job up to {MOST_KEYWORDS}:"
            " name those that it is to crawl"
        )
        raise invalid("keywords", problem, "too_long")
    keywords = list(upload.labels)
    if problem := find_problem(keywords, job.categories) or "":
        raise invalid("categories", problem, "value_error")
    return job.model_copy(update={"keywords": keywords})


async def note_upload(transaction: Transaction, job_id: int, upload: UploadDetail) -> None:
    """Says in the job's log what of its list cannot be crawled."""
    await crawl.add_event(
        transaction,
        job_id,
        "warning" if upload.rejected else "info",
        "list.read",
        f"{upload.rows:,} of the {upload.records:,} rows of {upload.filename} can be crawled",
        upload_id=upload.id,
        rejected=upload.rejected,
        problems=[problem.model_dump() for problem in upload.problems],
    )


async def check_list(transaction: Transaction, job_id: int, changes: dict[str, Any]) -> None:
    """What a job lists stays, and with it the keywords of its URLs and the engine that crawls them.

    Raises:
        Invalid: the changes do not fit that.
    """
    listed = await repo.listed_keywords(transaction, job_id)
    if "keywords" in changes and (lost := listed - set(changes["keywords"])):
        names = ", ".join(sorted(lost))
        raise invalid("keywords", f"the job lists URLs under: {names}", "value_error")
    if "engines" in changes:
        has_list = bool(listed) or await repo.has_upload(transaction, job_id)
        if has_list != (URL_LIST in changes["engines"]):
            problem = "the engine url_list goes with the list that the job was made with"
            raise invalid("engines", problem, "value_error")


def check_categories(job: LockedJob, changes: dict[str, Any]) -> None:
    """Keywords and categories fit each other, whichever of them is changed.

    Raises:
        Invalid: they do not.
    """
    if not changes.keys() & {"keywords", "categories"}:
        return
    keywords = changes.get("keywords", job.keywords)
    if problem := find_problem(keywords, changes.get("categories", job.categories)):
        field = "categories" if "categories" in changes else "keywords"
        raise invalid(field, f"they do not fit the job's categories: {problem}", "value_error")


def invalid(field: str, problem: str, kind: str, **extra: Any) -> Invalid:
    """That a field of the request does not do."""
    error = {"loc": ["body", field], "msg": problem, "type": kind}
    return Invalid(f"Invalid: {field}.", errors=[error], **extra)
