"""The door to a crawl: what jobs, images and activities have done to it."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from shared.crawl import advance as steps
from shared.crawl import discover as pages
from shared.crawl import (
    job_repo,
    ledger_repo,
    orphans,
    process,
    repo,
    search_repo,
    settle_repo,
)
from shared.crawl import survey as surveys
from shared.crawl.model import LockedJob
from shared.crawl.plan import FIRST_YIELD, MEASURED_AFTER, CrawlLimits, failure_of
from shared.crawl.steps import ChunkResult, NextSteps, PageResult
from shared.crawl.survey import SECONDS as SURVEY_SECONDS
from shared.crawl.survey import TURN_SECONDS as SURVEY_TURN_SECONDS
from shared.crawl.survey import Survey
from shared.platform.data.blob import BlobStore
from shared.platform.data.db import Database, Transaction

if TYPE_CHECKING:
    from shared.fetch.safe_http import SafeHttp
    from shared.sources.source import Source

__all__ = [
    "FIRST_YIELD", "MEASURED_AFTER", "SURVEY_SECONDS", "SURVEY_TURN_SECONDS", "CrawlLimits",
    "Survey",
]  # fmt: skip


async def lock_job(transaction: Transaction, job_id: int) -> LockedJob | None:
    """The job, locked until the commit."""
    return await job_repo.lock_job(transaction, job_id)


async def survey(
    open_source: "Callable[[str], Source]",
    engines: Sequence[str],
    keywords: Sequence[str],
    *,
    seconds: float,
) -> list[Survey]:
    """Asks sources for the first results of a few keywords; ``seconds`` is all that they get.

    Raises:
        Unavailable: the database, which keeps the sources' pace, does not answer.
    """
    return await surveys.ask_all(open_source, engines, keywords, seconds=seconds)


async def begin(transaction: Transaction, job: LockedJob) -> None:
    """Prepares the searches of a running attempt; those that exist stay as they are."""
    await steps.begin(transaction, job)


async def advance(
    transaction: Transaction, job_id: int, attempt: int, limits: CrawlLimits
) -> NextSteps:
    """What to do next."""
    return await steps.advance(transaction, job_id, attempt, limits)


async def discover(
    database: Database, open_source: "Callable[[str], Source]", search_id: int
) -> PageResult:
    """Fetches the search's next page. A second delivery adds nothing."""
    return await pages.discover(database, open_source, search_id)


async def process_chunk(
    database: Database,
    blobs: BlobStore,
    http: "SafeHttp",
    judges: Executor,
    *,
    deadline_seconds: float,
    chunk_id: int,
) -> ChunkResult:
    """Downloads, judges, stores and settles a chunk.

    Raises:
        Unavailable: database or blob storage do not answer; the chunk may be tried again.
    """
    processor = process.ChunkProcessor(database, blobs, http, judges, deadline_seconds)
    return await processor.process(chunk_id)


async def find_failure(transaction: Transaction, job: LockedJob) -> str | None:
    """Why the crawl of a job that is over has failed, for people; None when it has not."""
    return failure_of(await ledger_repo.load_state(transaction, job))


async def sweep(database: Database, blobs: BlobStore, job_id: int, names: list[str]) -> int:
    """Deletes those of the job's blobs that no row refers to, unless it runs; how many."""
    return await orphans.delete_orphans(database, blobs, job_id, names)


async def reopen(transaction: Transaction, job_id: int) -> None:
    """Lets the next attempt of a locked job try again what was lost, unfinished or unanswered."""
    await job_repo.wait_for_sweep(transaction, job_id)
    chunks = await repo.reopen(transaction, job_id)
    await search_repo.reopen_degraded(transaction, job_id)
    await ledger_repo.allow_expansion(transaction, job_id)
    await ledger_repo.recount_chunks(transaction, job_id, chunks)


async def close(transaction: Transaction, job_id: int) -> None:
    """Closes the chunks that a locked job leaves undone; all counters are right afterwards."""
    await repo.cancel_chunks(transaction, job_id)
    await ledger_repo.recount_chunks(transaction, job_id)
    await ledger_repo.recount_job(transaction, job_id, at_most_every=0)


async def forget_image(transaction: Transaction, job_id: int, image_id: int) -> None:
    """Takes an image that its owner deletes out of the counters of a locked job."""
    chunks = await settle_repo.forget_image(transaction, image_id)
    await ledger_repo.recount_chunks(transaction, job_id, chunks)
    await ledger_repo.recount_job(transaction, job_id, at_most_every=0)


async def add_event(
    transaction: Transaction, job_id: int, level: str, event: str, message: str, **data: Any
) -> None:
    """Adds a line to the job's log."""
    await repo.add_event(transaction, job_id, level, event, message, **data)
