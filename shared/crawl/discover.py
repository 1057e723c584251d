"""One page of one search: its candidates go into the database, the cursor moves on."""

from collections.abc import Callable
from typing import Final

from shared.crawl import job_repo, repo, search_repo
from shared.crawl.model import URL_LIST, Search
from shared.crawl.steps import PageResult
from shared.platform.data.db import Database, Transaction
from shared.platform.errors import Unavailable
from shared.platform.observe.logging import get_logger
from shared.sources.source import (
    Page,
    SearchRefused,
    Source,
    SourceBusy,
    SourceThrottled,
    SourceUnavailable,
)
from shared.sources.url_list import Row, UrlList

log = get_logger(__name__)

# A source that is busy for longer (a daily limit is used up) is left to the others.
MOST_BUSY_SECONDS: Final = 600.0
# A source that asks us to come later is given a rest, at least as long as this, and not for ever.
REST_SECONDS: Final = 60.0
MOST_RESTS: Final = 5


async def discover(
    database: Database, open_source: Callable[[str], Source], search_id: int
) -> PageResult:
    """Fetches the search's next page. A second delivery adds nothing."""
    async with database.transaction() as transaction:
        search = await search_repo.find_search(transaction, search_id)
    if search is None or search.exhausted:
        return PageResult(found=0)
    try:
        page = await _ask(database, open_source, search)
    except SourceUnavailable as error:
        await _give_up(database, search, error)
        return PageResult(found=0)
    candidates = list({candidate.url: candidate for candidate in page.candidates}.values())
    async with database.transaction() as transaction:
        if await _is_wanted(transaction, search) and await search_repo.advance_search(
            transaction, search, next_cursor=page.next_cursor, found=len(candidates)
        ):
            await search_repo.insert_candidates(transaction, search, candidates, page.proof)
    return PageResult(found=len(candidates))


async def _ask(database: Database, open_source: Callable[[str], Source], search: Search) -> Page:
    """The next page.

    Raises:
        SourceUnavailable: there is none, be it by a fault of ours.
        Unavailable: the database does not answer.
    """
    listed = search.engine == URL_LIST
    try:
        source = _list_of(database, search) if listed else open_source(search.engine)
        return await source.search(search.query, search.cursor)
    except (SourceUnavailable, Unavailable):
        raise
    except Exception as error:
        log.opt(exception=True).error("an answer was more than we can deal with")
        raise SourceUnavailable(f"internal error: {type(error).__name__}") from error


async def _is_wanted(transaction: Transaction, search: Search) -> bool:
    """Whether the search's job still runs. It stays locked: one order of locks, no deadlocks."""
    job = await job_repo.lock_job(transaction, search.job_id)
    return job is not None and job.is_running


def _list_of(database: Database, search: Search) -> Source:
    """What the user has listed, as a source."""

    async def read(after: int, limit: int) -> list[Row]:
        async with database.transaction() as transaction:
            return await search_repo.read_list(transaction, search, after, limit)

    return UrlList(read)


async def _give_up(database: Database, search: Search, error: SourceUnavailable) -> None:
    """For a while when the source is only busy, else for this attempt of the job.

    All searches of the source, unless it has refused only this one.
    """
    async with database.transaction() as transaction:
        if not await _is_wanted(transaction, search):
            return
        if await _is_put_off(transaction, search, error):
            return
        only_this = isinstance(error, SearchRefused)
        if await search_repo.degrade(transaction, search, str(error), only_this=only_this):
            left_out = f"{search.engine} for {search.query!r}" if only_this else search.engine
            await repo.add_event(
                transaction,
                search.job_id,
                "warning",
                "source.degraded",
                f"{left_out} is left out: {error}",
            )


async def _is_put_off(transaction: Transaction, search: Search, error: SourceUnavailable) -> bool:
    """Whether the source is only busy, not for long and not for ever, and is asked again later."""
    seconds = error.retry_after or 0
    if isinstance(error, SourceThrottled):
        seconds = max(seconds, REST_SECONDS)
        return seconds <= MOST_BUSY_SECONDS and await search_repo.rest_source(
            transaction, search, seconds, most=MOST_RESTS
        )
    if isinstance(error, SourceBusy) and seconds <= MOST_BUSY_SECONDS:
        await search_repo.postpone_search(transaction, search, seconds)
        return True
    return False
