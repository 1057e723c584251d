"""The steps of a crawl that decide: what to search and process next, or that it is over."""

from shared.crawl import job_repo, ledger_repo, repo, search_repo
from shared.crawl.expand import expand
from shared.crawl.model import OVER_QUOTA, URL_LIST, LockedJob
from shared.crawl.plan import CrawlLimits, Plan, make_plan
from shared.crawl.steps import NextSteps
from shared.platform.data.db import Transaction


async def begin(transaction: Transaction, job: LockedJob) -> None:
    """Opens the ledger and the searches of a job; those that exist stay as they are."""
    await ledger_repo.insert_keywords(transaction, job.id, job.keywords)
    queries = [(keyword, keyword) for keyword in job.keywords]
    await search_repo.insert_searches(transaction, job.id, queries=queries, engines=job.engines)
    if job.filters.expand == "on":
        await _expand(transaction, job, job.keywords)


async def advance(
    transaction: Transaction, job_id: int, attempt: int, limits: CrawlLimits
) -> NextSteps:
    """What to do next.

    Of ``limits`` the job gets its user's part, which grows and shrinks with who else has work.
    """
    job = await job_repo.lock_job(transaction, job_id)
    if job is None or not job.runs(attempt):
        return NextSteps(done=True)
    state = await ledger_repo.load_state(transaction, job)
    limits = limits.shared(*await job_repo.count_running(transaction, job_id))
    plan = make_plan(state, limits)
    if plan.done:
        return NextSteps(done=True)
    await _carry_out(transaction, job, plan)
    if plan.expand:
        await _expand(transaction, job, plan.expand)
        return await advance(transaction, job_id, attempt, limits)
    chunks = await repo.open_chunks(transaction, job_id, attempt, limit=limits.chunks)
    return NextSteps(done=False, searches=plan.searches, chunks=chunks, wait=state.busy_seconds)


async def _expand(transaction: Transaction, job: LockedJob, keywords: list[str]) -> None:
    """Has the keywords searched for in other words; a list stays the same, whatever is asked."""
    await search_repo.insert_searches(
        transaction,
        job.id,
        queries=[(keyword, query) for keyword in keywords for query in expand(keyword)],
        engines=[engine for engine in job.engines if engine != URL_LIST],
    )
    await ledger_repo.mark_expanded(transaction, job.id, keywords)


async def _carry_out(transaction: Transaction, job: LockedJob, plan: Plan) -> None:
    await ledger_repo.set_quotas(transaction, job.id, plan.quotas)
    touched = []
    if plan.reclaim:
        touched += await repo.release_candidates(
            transaction, job.id, [OVER_QUOTA], keywords=plan.reclaim
        )
    if plan.cuts:
        touched += await repo.cut_chunks(transaction, job.id, job.attempt, plan.cuts)
    if touched:
        await ledger_repo.recount_chunks(transaction, job.id, touched)
    await ledger_repo.recount_job(transaction, job.id)
