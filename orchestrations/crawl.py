"""The crawl of one job: what can be done is done side by side, until nothing is left to do.

Deterministic: no I/O, no clock, no settings. All state is in the database; the history holds ids
and counts, and after some steps a new generation begins, so that its length does not grow with
the job.
"""

from collections.abc import Generator
from datetime import timedelta
from typing import Any, Final

import azure.durable_functions as df

from orchestrations import names
from orchestrations.retry import INFRASTRUCTURE

bp = df.Blueprint()

# What a generation starts before it lets its successor go on. Each step is replayed with every
# one after it, and the end of a generation waits for its slowest.
STEPS_PER_GENERATION: Final = 100


class StepFailed(Exception):
    """A step failed for a reason that another try would not mend."""


@bp.orchestration_trigger(context_name="context", orchestration=names.CRAWL)
def crawl(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    """One generation of ``{"job_id", "attempt", "begun"?}``; returns the job's final status."""
    order = context.get_input()
    try:
        if not (yield from _generation(context, order)):
            context.continue_as_new({**order, "begun": True})
            return None
    except StepFailed as failed:
        order = {**order, "failure": f"The step {failed} failed on our side."}
    return (yield from _step(context, names.FINISH, order))


def _generation(
    context: df.DurableOrchestrationContext, order: dict[str, Any]
) -> Generator[Any, Any, bool]:
    """Whether the crawl is over; if not, another generation must follow."""
    if not order.get("begun"):
        yield from _step(context, names.BEGIN, order)
    whose: dict[str, Any] = {n: order[n] for n in ("job_id", "traceparent") if n in order}
    running: dict[Any, tuple[str, int]] = {}
    started = 0
    while started < STEPS_PER_GENERATION:
        plan = yield from _step(context, names.ADVANCE, order)
        if plan["done"] and not running:
            return True
        if plan["done"]:  # for now: what still ends may free a place, or show that the web is back
            yield from _finish_some(context, running, leave=0)
            continue
        work = [(names.DISCOVER, search) for search in plan["searches"]]
        work += [(names.PROCESS_CHUNK, chunk) for chunk in plan["chunks"]]
        new = [step for step in work if step not in running.values()]
        running |= {_call(context, name, {**whose, "id": id_}): (name, id_) for name, id_ in new}
        started += 1 + len(new)
        if not running:  # all sources are busy
            seconds = timedelta(seconds=max(plan["wait"], 1))
            yield context.create_timer(context.current_utc_datetime + seconds)
        yield from _finish_some(context, running, leave=len(running) // 2)
    yield from _finish_some(context, running, leave=0)
    return False


def _finish_some(
    context: df.DurableOrchestrationContext, running: dict[Any, tuple[str, int]], *, leave: int
) -> Generator[Any, Any, None]:
    """Waits until no more than ``leave`` of the steps are running."""
    while len(running) > leave:
        ended = yield context.task_any(list(running))
        name, _ = running.pop(ended)
        _result(name, ended.result)


def _step(
    context: df.DurableOrchestrationContext, name: str, payload: object
) -> Generator[Any, Any, Any]:
    return _result(name, (yield _call(context, name, payload)))


def _call(context: df.DurableOrchestrationContext, name: str, payload: object) -> Any:
    return context.call_activity_with_retry(name, INFRASTRUCTURE, payload)


def _result(name: str, answer: Any) -> Any:
    if isinstance(answer, Exception):  # all its tries have failed
        raise answer
    if "failed" in answer:
        raise StepFailed(name)
    return answer["result"]
