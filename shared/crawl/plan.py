"""Deciding, round by round, whether a crawl goes on, what to search and what to cut."""

from dataclasses import dataclass
from math import ceil

from shared.crawl import repo, settle_repo
from shared.crawl.model import JobState
from shared.platform.db import Transaction

CHUNK_SIZE = 50
SMALLEST_CHUNK = 10
WAVE = 35  # chunks in flight of one job
FIRST_YIELD = 0.7  # images per candidate, until the job's own figure is known
MEASURED_AFTER = 40  # candidates


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the crawl is over, why it failed if it did, how many candidates it needs if not."""

    done: bool
    failure: str | None = None
    wanted: int = 0


def decide(state: JobState) -> Decision:
    """What to do next, from the sums alone."""
    if state.stored >= state.max_images:
        return Decision(done=True)
    nothing_left = not (state.waiting or state.pending_chunks or state.open_searches)
    if _is_cut_off(state) or nothing_left:
        return Decision(done=True, failure=_failure(state))
    return Decision(done=False, wanted=_wanted(state))


def _is_cut_off(state: JobState) -> bool:
    """Whether all of the last chunks were lost: trying on would only hammer what is down."""
    return 0 < state.recent_chunks == state.recent_failed


def _failure(state: JobState) -> str | None:
    if _is_cut_off(state) or state.lost * 2 > state.tried:
        return f"The image hosts stopped answering: {state.lost} of {state.tried} downloads failed."
    if state.degraded_searches * 2 >= max(state.searches, 1):
        return (
            f"The image sources do not answer: {state.degraded_searches} of {state.searches} "
            "searches failed."
        )
    return None


def _wanted(state: JobState) -> int:
    observed = state.stored / state.tried if state.tried >= MEASURED_AFTER else FIRST_YIELD
    missing = state.max_images - state.stored
    return min(ceil(missing / max(observed, 0.1)), WAVE * CHUNK_SIZE)


async def check(transaction: Transaction, job_id: int, attempt: int) -> dict[str, object]:
    """``{"done": bool, "searches": [id]}``: the pages to fetch before the next chunks are cut."""
    state = await repo.load_state(transaction, job_id)
    if state is None or state.status != "running" or state.attempt != attempt:
        return {"done": True, "searches": []}
    decision = decide(state)
    short = decision.wanted > state.waiting
    searches = []
    if not decision.done and short and not state.pending_chunks:
        searches = await repo.open_searches(transaction, job_id, limit=WAVE)
    return {"done": decision.done, "searches": searches}


async def cut(transaction: Transaction, job_id: int, attempt: int) -> list[int]:
    """The ids of the next wave's chunks: those that are still open, else new ones."""
    await repo.lock_job(transaction, job_id)
    chunks = await repo.pending_chunks(transaction, job_id, attempt, limit=WAVE)
    state = await repo.load_state(transaction, job_id)
    if chunks or state is None or state.status != "running" or state.attempt != attempt:
        return chunks
    candidates = min(_wanted(state), state.waiting)
    if state.stored >= state.max_images or candidates == 0:
        return []
    size = min(max(ceil(candidates / 8), SMALLEST_CHUNK), CHUNK_SIZE)
    chunks = await repo.cut_chunks(
        transaction, job_id, attempt, candidates=candidates, chunk_size=size
    )
    await settle_repo.recount_job(transaction, job_id, at_most_every=0)
    return chunks
