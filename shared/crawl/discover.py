"""One page of one search: its candidates go into the database, the cursor moves on."""

from collections.abc import Callable

from shared.crawl import repo
from shared.platform.db import Database
from shared.platform.logging import get_logger
from shared.sources.source import Source, SourceUnavailable

log = get_logger(__name__)


async def discover(
    database: Database, open_source: Callable[[str], Source], search_id: int
) -> dict[str, object]:
    """Fetches the search's next page; ``{"found": int}``. A second delivery adds nothing."""
    async with database.transaction() as transaction:
        search = await repo.find_search(transaction, search_id)
    if search is None or search.exhausted:
        return {"found": 0}
    try:
        page = await open_source(search.engine).search(search.keyword, search.cursor)
    except SourceUnavailable as error:
        async with database.transaction() as transaction:
            if await repo.degrade_source(transaction, search, str(error)):
                await repo.add_event(
                    transaction,
                    search.job_id,
                    "warning",
                    "source.degraded",
                    f"{search.engine} does not answer: {error}",
                )
        return {"found": 0}
    candidates = list({candidate.url: candidate for candidate in page.candidates}.values())
    async with database.transaction() as transaction:
        if await repo.advance_search(
            transaction, search, next_cursor=page.next_cursor, found=len(candidates)
        ):
            await repo.insert_candidates(transaction, search, candidates)
    return {"found": len(candidates)}
