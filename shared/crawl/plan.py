"""Deciding whether a crawl goes on, what to search and what to cut into chunks."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Final

from shared.crawl.model import EndedChunk, JobState, KeywordState
from shared.crawl.quota import share_out

SMALLEST_CHUNK: Final = 10
SPREAD: Final = 8  # so many chunks a small job is cut into, to be worked on side by side
FIRST_YIELD: Final = 0.7  # images per candidate, until the job's own figure is known
LEAST_YIELD: Final = 0.1  # nor is more than tenfold asked for at once, however few were good
MEASURED_AFTER: Final = 40  # candidates
PAGE: Final = 20  # candidates that a page of results brings at least, as a rule
# The network is gone when all chunks that ended last failed, so many with so many candidates.
LAST_CHUNKS: Final = 3
LAST_CANDIDATES: Final = 30


@dataclass(frozen=True, slots=True)
class CrawlLimits:
    """How much may be under way at once: chunks of a job, images of a chunk, chunks of all jobs."""

    chunks: int
    chunk_size: int
    all_chunks: int

    def shared(self, users: int, jobs: int) -> "CrawlLimits":
        """The limits of one of a user's jobs, where so many users and jobs of this user run.

        Users get equal parts of what the deployment can do, whatever the size of their jobs, and
        each job at least one chunk.
        """
        part = self.all_chunks // users // jobs
        return replace(self, chunks=min(max(part, 1), self.chunks))


@dataclass(slots=True)
class Plan:
    """What to do next. ``cuts`` are chunks to make: keyword and number of candidates."""

    done: bool
    quotas: dict[str, int] = field(default_factory=dict)
    searches: list[int] = field(default_factory=list)
    reclaim: list[str] = field(default_factory=list)
    expand: list[str] = field(default_factory=list)
    cuts: list[tuple[str, int]] = field(default_factory=list)


def make_plan(state: JobState, limits: CrawlLimits) -> Plan:
    """What to do next, from the sums alone."""
    quotas = share_out(state.max_images, state.keywords)
    missing = [q - keyword.stored for q, keyword in zip(quotas, state.keywords, strict=True)]
    plan = Plan(
        done=_is_cut_off(state.recent) or not any(missing),
        quotas={k.keyword: quota for k, quota in zip(state.keywords, quotas, strict=True)},
    )
    if plan.done:
        return plan
    needs = [
        max(ceil(lack / _yield(state, keyword)) - keyword.in_chunks, 0)
        for lack, keyword in zip(missing, state.keywords, strict=True)
    ]
    size = min(max(ceil(sum(needs) / SPREAD), SMALLEST_CHUNK), limits.chunk_size)
    window = limits.chunks * limits.chunk_size  # no search runs further ahead of the chunks
    cuts = []
    for need, keyword in zip(needs, state.keywords, strict=True):
        if need > 0:
            _supply(plan, keyword, min(need, window))
            cuts.append(list(_cuts(plan, keyword, need, size)))
    plan.cuts = list(_in_turn(cuts))[: max(limits.chunks - state.open_chunks, 0)]
    plan.searches = plan.searches[: limits.chunks]
    return plan


def _supply(plan: Plan, keyword: KeywordState, need: int) -> None:
    """Orders candidates when those at hand do not cover the need."""
    short = need - keyword.waiting
    if short <= 0:
        return
    if keyword.open_searches:
        plan.searches += keyword.open_searches[: ceil(short / PAGE)]
    elif keyword.spare:
        plan.reclaim.append(keyword.keyword)
    elif keyword.expandable and not keyword.busy_searches:
        plan.expand.append(keyword.keyword)


def _cuts(plan: Plan, keyword: KeywordState, need: int, size: int) -> Iterator[tuple[str, int]]:
    """The keyword's next chunks; a handful waits for what is being searched."""
    reclaimed = keyword.spare if keyword.keyword in plan.reclaim else 0
    take = min(need, keyword.waiting + reclaimed)
    searching = any(search in plan.searches for search in keyword.open_searches)
    if take == 0 or (searching and take < SMALLEST_CHUNK):
        return
    count = ceil(take / size)
    for number in range(count):
        yield keyword.keyword, take // count + (number < take % count)


def _in_turn(cuts: list[list[tuple[str, int]]]) -> Iterable[tuple[str, int]]:
    """Each keyword's first chunk, then each one's second, and so on."""
    for position in range(max(map(len, cuts), default=0)):
        yield from (chunks[position] for chunks in cuts if position < len(chunks))


def _yield(state: JobState, keyword: KeywordState) -> float:
    """Images per candidate as far as they were seen, of the keyword before that of the job."""
    for seen in (keyword, state):
        if seen.tried >= MEASURED_AFTER:
            return max(seen.stored / seen.tried, LEAST_YIELD)
    return FIRST_YIELD


def _is_cut_off(recent: Iterable[EndedChunk]) -> bool:
    """Whether all of the last chunks were lost: trying on would only hammer what is down."""
    candidates = 0
    for number, chunk in enumerate(recent, start=1):
        candidates += chunk.candidates
        if not chunk.failed:
            return False
        if number >= LAST_CHUNKS and candidates >= LAST_CANDIDATES:
            return True
    return False


def failure_of(state: JobState) -> str | None:
    """Why a crawl that ends like this has failed; None when it did what could be done."""
    if state.stored >= state.max_images:
        return None
    if _is_cut_off(state.recent) or state.lost * 2 > state.tried:
        return f"{state.lost} of {state.tried} downloads failed; the job's log says why."
    if 0 < state.searches == state.degraded_searches:
        return f"The image sources do not answer: all {state.searches} searches failed."
    return None
