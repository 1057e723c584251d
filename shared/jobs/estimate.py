"""What a job would find, cost and take: asked of its sources, and measured in the caller's jobs.

Costs nothing and changes nothing, but for the turns that it takes at the sources.
"""

from functools import partial

import httpx

from shared.crawl import service as crawl
from shared.crawl.model import URL_LIST
from shared.credits import service as credit_service
from shared.credits.schemas import BalanceOut
from shared.jobs import estimate_repo
from shared.jobs.estimate_figures import Answers, count_up, seconds_of_searches
from shared.jobs.estimate_repo import History
from shared.jobs.estimate_schemas import (
    CreditsEstimate,
    EstimateOut,
    EstimateRequest,
    SourceReport,
    Survival,
    TimeEstimate,
)
from shared.platform.data.db import Database
from shared.platform.errors import NotFound
from shared.platform.http.auth.principal import Principal
from shared.sources import registry
from shared.sources.attribution import UNKNOWN, licence_code
from shared.sources.settings import SourceSettings
from shared.sources.source import Candidate, Page

# Where the caller has no jobs to measure: 163 addresses a second, of which 85 % were stored. That
# is docs/performance.md, over loopback: slower hosts take longer.
BENCHMARK_RATE = 138.0


async def estimate_job(
    database: Database,
    settings: SourceSettings,
    http: httpx.AsyncClient,
    principal: Principal,
    request: EstimateRequest,
    *,
    seconds: float = crawl.SURVEY_SECONDS,
) -> EstimateOut:
    """What such a job would come to, answered within ``seconds`` and a moment.

    A source that does not answer is reported and left out of the figures.

    Raises:
        NotFound: the caller has no such project, or no credit account.
        Unavailable: the database does not answer.
    """
    async with database.reading(principal.claims) as transaction:
        if request.project_id is not None and not await estimate_repo.owns_project(
            transaction, principal.user_id, request.project_id
        ):
            raise NotFound("You have no such project.")
        account = await credit_service.get_balance(transaction, principal)
        history = await estimate_repo.load_history(transaction, principal.user_id)
    open_source = partial(
        registry.open_source, settings=settings, http=http, database=database,
        attempts=1, most_wait=crawl.SURVEY_TURN_SECONDS,
    )  # fmt: skip
    engines = [engine for engine in request.engines if engine != URL_LIST]
    surveys = await crawl.survey(open_source, engines, request.keywords, seconds=seconds)
    pages = {survey.engine: survey.pages for survey in surveys if survey.pages}
    if request.urls:
        pages[URL_LIST] = _listed(request)
    urls = {c.url for of in pages.values() for page in of.values() for c in page.candidates}
    async with database.reading(principal.claims) as transaction:
        stored = await estimate_repo.find_stored(transaction, principal.user_id, sorted(urls))
    answers = Answers(pages, frozenset(stored), request.filters)
    reports = [
        SourceReport(engine=s.engine, status=s.status, problem=s.problem, asked=list(s.pages))
        for s in surveys
    ]
    return _conclude(request, answers, reports, account, history, settings.crawl_source_pace)


def _listed(request: EstimateRequest) -> dict[str, Page]:
    """What the job lists itself, as pages that hold all there is."""
    found: dict[str, list[Candidate]] = {keyword: [] for keyword in request.keywords}
    for listed in request.urls:
        licence = licence_code(listed.license or UNKNOWN)
        found[listed.keyword or request.keywords[0]].append(Candidate(listed.url, license=licence))
    return {keyword: Page(tuple(rows), None, len(rows)) for keyword, rows in found.items()}


def _conclude(
    request: EstimateRequest,
    answers: Answers,
    reports: list[SourceReport],
    account: BalanceOut,
    history: History,
    stretch: float,
) -> EstimateOut:
    searches = count_up(answers, request.keywords)
    allowed = sum(f.candidates for s in searches for f in s.licenses if f.allowed)
    survival = _survival(history)
    expected = min(request.max_images, int(allowed * survival.share)) if searches else None
    needed = expected / survival.share if expected else 0
    return EstimateOut(
        sources=reports,
        searches=searches,
        candidates=allowed if searches else None,
        at_least=any(search.at_least for search in searches),
        stored=sum(search.stored for search in searches) if searches else None,
        survival=survival,
        expected_images=expected,
        credits=_credits(account, request.max_images, expected),
        time=_time(history, expected, seconds_of_searches(answers, searches, needed, stretch)),
    )


def _survival(history: History) -> Survival:
    if history.tried < crawl.MEASURED_AFTER:
        return Survival(share=crawl.FIRST_YIELD, basis="default", jobs=0)
    share = round(history.stored / history.tried, 3)
    return Survival(share=share, basis="your_jobs", jobs=history.jobs)


def _credits(account: BalanceOut, hold: int, cost: int | None) -> CreditsEstimate:
    return CreditsEstimate(
        hold=hold,
        cost=cost,
        balance=account.balance,
        available=account.available,
        affordable=account.affordable,
        suffices=hold <= account.affordable,
        shortfall=max(hold - account.affordable, 0),
        max_images_per_job=account.max_images_per_job,
    )


def _time(history: History, expected: int | None, searching: float) -> TimeEstimate:
    """The slower of searches and downloads, which go on side by side."""
    measured = history.seconds > 0 and history.stored >= crawl.MEASURED_AFTER
    rate = history.stored / history.seconds if measured else BENCHMARK_RATE
    return TimeEstimate(
        seconds=None if expected is None else round(max(expected / rate, searching)),
        images_per_second=round(rate, 2),
        basis="your_jobs" if measured else "benchmark",
    )
