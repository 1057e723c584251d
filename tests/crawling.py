"""What end-to-end and chaos tests do to a running stack, and what they look at afterwards."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from azure.storage.blob import ContainerClient

from scripts.crawl.api import Api, ApiError
from scripts.devhost.imageweb.catalogue import Catalogue
from scripts.devhost.stack import LocalStack
from scripts.local_crawl import sign_in

CONTAINER = "pixcrawler"


@dataclass(frozen=True)
class Result:
    """Everything a crawl left behind, in a form that two crawls can be compared by."""

    status: str
    images: frozenset[tuple[str, str]]
    rows: int
    charged: int
    orphans: frozenset[str]
    lost_blobs: frozenset[str]
    notifications: int
    unsettled_holds: int
    written: frozenset[str]


@contextmanager
def signed_in(stack: LocalStack, *, credits: int = 5000) -> Iterator[Api]:
    """The API as the stack's first user, with credits."""
    with Api(stack.info.api_url) as api:
        sign_in(api, stack, credits=credits)
        yield api


def start_crawl(api: Api, keywords: tuple[str, ...], max_images: int, **fields: Any) -> int:
    """The id of a new job that runs."""
    project = api.post("projects", {"name": "end to end"})
    body = {
        "project_id": project["id"],
        "name": "crawl",
        "keywords": list(keywords),
        "max_images": max_images,
        "start": True,
    }
    return int(api.post("jobs", body | fields)["id"])


def wait_for_end(api: Api, job_id: int, *, seconds: float = 120) -> dict[str, Any]:
    """The job's progress when it has ended, however often the API is down meanwhile."""

    def progress_now() -> dict[str, Any]:
        try:
            return dict(api.get(f"jobs/{job_id}/progress"))
        except ApiError:
            return {"status": "running"}

    ended: dict[str, Any] = wait_for(
        progress_now,
        lambda progress: progress["status"] not in ("pending", "running"),
        seconds=seconds,
    )
    return ended


def wait_for(look: Callable[[], Any], good: Callable[[Any], bool], *, seconds: float = 30) -> Any:
    """What ``look`` sees once it is ``good``; fails the test when that takes too long."""
    deadline = time.monotonic() + seconds
    while not good(seen := look()):
        assert time.monotonic() < deadline, f"after {seconds} s still {seen}"
        time.sleep(0.1)
    return seen


def distinct_pictures(catalogue: Catalogue, keywords: tuple[str, ...]) -> set[tuple[str, str]]:
    """The dataset that a crawl without a quota must end with: (keyword, picture)."""
    return {(k, cluster) for k in keywords for cluster in catalogue.truth(k).clusters}


def best_files(catalogue: Catalogue, keywords: tuple[str, ...]) -> set[tuple[str, str]]:
    """The very files that an undisturbed crawl without a quota keeps: (keyword, sha256)."""
    return {
        (keyword, candidate.sha256)
        for keyword in keywords
        for truth in [catalogue.truth(keyword)]
        for candidate in truth.candidates
        if truth.outcomes[candidate.path] == "stored"
    }


def pictures_of(catalogue: Catalogue, result: Result) -> Counter[tuple[str, str | None]]:
    """The pictures a crawl has stored; None for a file that must not be kept."""
    return Counter(
        (keyword, catalogue.truth(keyword).cluster_of(sha256)) for keyword, sha256 in result.images
    )


def wrong_outcomes(
    stack: LocalStack, job_id: int, catalogue: Catalogue, keywords: tuple[str, ...]
) -> list[object]:
    """Candidates that ended in another way than they must, each with what is expected.

    Of equal files it does not matter which one is kept: their outcomes are compared together.
    """
    with psycopg.connect(stack.info.database_url) as connection:
        found: dict[str, str] = dict(
            connection.execute(
                "SELECT url, outcome FROM crawl_candidates WHERE job_id = %s", [job_id]
            ).fetchall()
        )
    ended = {url.removeprefix(stack.info.image_web_url): outcome for url, outcome in found.items()}
    expected: dict[str, list[str]] = {}
    seen: dict[str, list[str]] = {}
    for truth in map(catalogue.truth, keywords):
        for candidate in truth.candidates:
            picture = candidate.sha256 if candidate.cluster else candidate.path
            expected.setdefault(picture, []).append(truth.outcomes[candidate.path])
            seen.setdefault(picture, []).append(ended.pop(candidate.path, "missing"))
    wrong: list[object] = [
        (picture, seen[picture], outcomes)
        for picture, outcomes in expected.items()
        if sorted(outcomes) != sorted(seen[picture])
    ]
    return wrong + list(ended.items())


def result_of(stack: LocalStack, job_id: int) -> Result:
    """What the ended job has left, its sweep included, which follows the end within seconds."""
    deadline = time.monotonic() + 30
    while (result := left_now(stack, job_id)).orphans and time.monotonic() < deadline:
        time.sleep(0.2)
    return result


def left_now(stack: LocalStack, job_id: int) -> Result:
    """What the job has left at this moment, whether it has ended or not."""
    with psycopg.connect(stack.info.database_url) as connection:
        rows = connection.execute(
            "SELECT keyword, hash, storage_url, is_duplicate FROM images WHERE crawl_job_id = %s",
            [job_id],
        ).fetchall()
        status, charged, held, notifications = _job(connection, job_id)
        written = _written(connection, job_id)
    blobs = blobs_of(stack, job_id)
    known = {row[2] for row in rows}
    return Result(
        status=status,
        images=frozenset((row[0], row[1]) for row in rows if not row[3]),
        rows=sum(1 for row in rows if not row[3]),
        charged=charged,
        orphans=frozenset(blobs - known),
        lost_blobs=frozenset(known - blobs),
        notifications=notifications,
        unsettled_holds=held,
        written=written,
    )


def _job(connection: psycopg.Connection[Any], job_id: int) -> tuple[str, int, int, int]:
    row = connection.execute(
        """
        SELECT (SELECT status FROM crawl_jobs WHERE id = %(id)s),
          (SELECT coalesce(-sum(amount), 0) FROM credit_transactions
           WHERE metadata ->> 'job_id' = %(id)s::text),
          (SELECT count(*) FROM credit_holds WHERE job_id = %(id)s AND status = 'held'),
          (SELECT count(*) FROM notifications WHERE event_key LIKE 'job:' || %(id)s || ':%%')
        """,
        {"id": job_id},
    ).fetchone()
    assert row is not None
    return row[0], int(row[1]), row[2], row[3]


def _written(connection: psycopg.Connection[Any], job_id: int) -> frozenset[str]:
    """All rows that the job wrote, without ids and times, and how it was cut into chunks."""
    return frozenset(
        repr(row)
        for query in _WRITTEN
        for row in connection.execute(query, {"id": job_id}).fetchall()
    )


# Without URLs: of equal files, or of a URL that two sources find, chance decides which is kept.
# Without quotas: what nobody can fill is left with the keyword that came to its end last.
_WRITTEN: tuple[LiteralString, ...] = (
    """
    SELECT status, attempt, progress, total_images, valid_images, duplicate_images,
      rejected_images, failure_reason
    FROM crawl_jobs WHERE id = %(id)s
    """,
    """
    SELECT keyword, candidates, stored, duplicates, rejected, lost
    FROM crawl_keywords WHERE job_id = %(id)s
    """,
    """
    SELECT keyword, outcome, count(*) FROM crawl_candidates WHERE job_id = %(id)s
    GROUP BY keyword, outcome
    """,
    """
    SELECT i.hash, i.keyword, i.width, i.height,
      i.file_size, i.format, i.phash, i.is_duplicate, i.license, i.creator, i.labels, original.hash
    FROM images AS i LEFT JOIN images AS original ON original.id = i.duplicate_of
    WHERE i.crawl_job_id = %(id)s
    """,
    """
    SELECT type, amount, status FROM credit_transactions
    WHERE metadata ->> 'job_id' = %(id)s::text
    """,
    "SELECT status, amount FROM credit_holds WHERE job_id = %(id)s",
    """
    SELECT type, category, title, message FROM notifications
    WHERE event_key LIKE 'job:' || %(id)s || ':%%'
    """,
)


def blobs_of(stack: LocalStack, job_id: int) -> set[str]:
    """The names of all blobs of the job."""
    connection = stack.info.storage_connection_string
    with ContainerClient.from_connection_string(connection, CONTAINER) as container:
        return {
            name
            for prefix in (f"jobs/{job_id}/", f"thumbnails/{job_id}/")
            for name in container.list_blob_names(name_starts_with=prefix)
        }
