"""What a job tells of itself: progress, statistics, chunks, log."""

from shared.jobs import report_repo
from shared.jobs.schemas import ChunkOut, EventOut, KeywordStats, ProgressOut, StatsOut
from shared.jobs.service import get_job
from shared.platform.data.db import Transaction
from shared.platform.errors import NotFound
from shared.platform.http.auth.principal import Principal
from shared.platform.http.pagination import Page, PageQuery, make_page


async def get_progress(transaction: Transaction, principal: Principal, job_id: int) -> ProgressOut:
    """How far the caller's job is.

    Raises:
        NotFound: the caller has no such job.
    """
    progress = await report_repo.find_progress(transaction, principal.user_id, job_id)
    if progress is None:
        raise NotFound("You have no such job.")
    return progress


async def get_stats(transaction: Transaction, principal: Principal, job_id: int) -> StatsOut:
    """What became of the candidates of the caller's job.

    Raises:
        NotFound: the caller has no such job.
    """
    await get_job(transaction, principal, job_id)
    stats = StatsOut(outcomes={}, keywords=[], engines={}, licenses={}, formats={}, sizes={})
    keywords: dict[str, KeywordStats] = {}
    for row in await report_repo.count_outcomes(transaction, job_id):
        keyword = keywords.setdefault(
            row.keyword, KeywordStats(keyword=row.keyword, stored=0, outcomes={})
        )
        _count(row.candidates, row.outcome, stats.outcomes, keyword.outcomes)
        if row.outcome == "stored":
            keyword.stored += row.candidates
            _count(row.candidates, row.engine, stats.engines)
            _count(row.candidates, row.license, stats.licenses)
    stats.keywords = list(keywords.values())
    for bar in await report_repo.histograms(transaction, job_id):
        histogram = stats.formats if bar.kind == "format" else stats.sizes
        histogram[bar.value] = bar.images
    return stats


def _count(number: int, name: str, *counters: dict[str, int]) -> None:
    for counter in counters:
        counter[name] = counter.get(name, 0) + number


async def list_events(
    transaction: Transaction, principal: Principal, job_id: int, query: PageQuery
) -> Page[EventOut]:
    """A page of the log of the caller's job, newest first.

    Raises:
        NotFound: the caller has no such job.
        Invalid: the query's cursor is not one of this list.
    """
    await get_job(transaction, principal, job_id)
    rows = await report_repo.list_events(
        transaction, job_id, below=query.below, limit=query.limit + 1
    )
    return make_page(rows, query, lambda event: event.id)


async def list_chunks(
    transaction: Transaction, principal: Principal, job_id: int, query: PageQuery
) -> Page[ChunkOut]:
    """A page of the chunks of the caller's job, newest first.

    Raises:
        NotFound: the caller has no such job.
        Invalid: the query's cursor is not one of this list.
    """
    await get_job(transaction, principal, job_id)
    rows = await report_repo.list_chunks(
        transaction, job_id, below=query.below, limit=query.limit + 1
    )
    return make_page(rows, query, lambda chunk: chunk.id)
