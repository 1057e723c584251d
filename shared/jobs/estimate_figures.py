"""From a few pages of results to figures for every keyword at every source."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from shared.crawl.filters import JobFilters
from shared.jobs.estimate_schemas import Basis, LicenseFigure, SearchFigure
from shared.sources.attribution import UNKNOWN
from shared.sources.registry import DEEPEST, SOURCES
from shared.sources.source import Page


@dataclass(frozen=True, slots=True)
class Answers:
    """First pages by engine and keyword, and which of their addresses the caller has stored."""

    pages: Mapping[str, Mapping[str, Page]]
    stored: frozenset[str]
    filters: JobFilters


@dataclass(frozen=True, slots=True)
class _Seen:
    """What pages hold: results by licence, and how many of those that are wanted are stored."""

    results: int
    licenses: Counter[str]
    stored: int


def count_up(answers: Answers, keywords: Sequence[str]) -> list[SearchFigure]:
    """A figure for each keyword at each source that has answered."""
    return [_figure(answers, engine, keyword) for keyword in keywords for engine in answers.pages]


def seconds_of_searches(
    answers: Answers, searches: Sequence[SearchFigure], needed: float, stretch: float
) -> float:
    """How long the slowest source takes, at its pace, to list its part of ``needed`` candidates."""
    found = sum(search.candidates for search in searches) or 1
    slowest = 0.0
    for engine, pages in answers.pages.items():
        if engine not in SOURCES:
            continue
        part = sum(search.candidates for search in searches if search.engine == engine)
        size = max((len(page.candidates) for page in pages.values()), default=0) or 1
        requests = ceil(min(needed, found) * part / found / size)
        _, pace = SOURCES[engine]
        slowest = max(slowest, (requests - pace.burst) * pace.interval * stretch)
    return slowest


def _figure(answers: Answers, engine: str, keyword: str) -> SearchFigure:
    pages = answers.pages[engine]
    page = pages.get(keyword)
    sample = [page] if page else list(pages.values())
    seen = _look(answers, sample)
    reached = [_reach(engine, each) for each in sample]
    candidates = round(sum(count for count, _ in reached) / len(reached))
    is_all = page is not None and page.next_cursor is None
    parts: Basis = "measured" if is_all else "extrapolated"
    licenses = _scale(seen.licenses, candidates)
    return SearchFigure(
        keyword=keyword,
        engine=engine,
        candidates=candidates,
        at_least=any(at_least for _, at_least in reached),
        basis="measured" if page else "extrapolated",
        total=page.total if page else None,
        licenses=[
            LicenseFigure(
                license=code, candidates=count, allowed=answers.filters.allows_license(code)
            )
            for code, count in licenses.items()
        ],
        stored=round(seen.stored * candidates / seen.results) if seen.results else 0,
        parts_basis=parts,
    )


def _reach(engine: str, page: Page) -> tuple[int, bool]:
    """How many results the search can list, and whether there may be more than that."""
    shown = len(page.candidates)
    if page.next_cursor is None:
        return shown, False
    if page.total is None:
        return shown, True
    return max(min(page.total, DEEPEST.get(engine, page.total)), shown), False


def _look(answers: Answers, pages: Iterable[Page]) -> _Seen:
    found = [candidate for page in pages for candidate in page.candidates]
    licenses = Counter(candidate.license or UNKNOWN for candidate in found)
    stored = sum(
        candidate.url in answers.stored and answers.filters.allows_license(candidate.license)
        for candidate in found
    )
    return _Seen(len(found), licenses, stored)


def _scale(counts: Counter[str], whole: int) -> dict[str, int]:
    """The counts as parts of another whole, which they add up to; the largest first."""
    seen = counts.total()
    scaled, before, sum_before = {}, 0, 0
    for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        before += count
        upto = round(before * whole / seen)
        scaled[name], sum_before = upto - sum_before, upto
    return scaled
