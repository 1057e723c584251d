"""The crawl of one job: what can be done is done side by side, until nothing is left to do.

Deterministic: no I/O, no clock, no settings. All state is in the database; the history holds ids
and counts, and after some steps a new generation begins, so that its length does not grow with
the job.
"""

from typing import Any

import azure.durable_functions as df

from orchestrations import wire
from orchestrations.crawl import names
from orchestrations.engine import STEPS_PER_GENERATION, Engine, Flow, Payload, run
from shared.crawl.steps import NextSteps

bp = df.Blueprint()


@bp.orchestration_trigger(context_name="context", orchestration=names.CRAWL)
def crawl(context: df.DurableOrchestrationContext) -> Flow[str | None]:
    """One generation of ``{"job_id", "attempt", "begun"?}``; returns the job's final status."""
    return flow(Engine(context))


def flow(engine: Engine) -> Flow[str | None]:
    """The crawl on an engine."""
    return run(engine, _generation, finish=names.FINISH)


def _generation(engine: Engine, order: Payload) -> Flow[bool]:
    """Whether the crawl is over; if not, another generation must follow."""
    if not order.get("begun"):
        yield from engine.step(names.BEGIN, order)
    whose: dict[str, Any] = {
        name: order[name] for name in ("job_id", "traceparent") if name in order
    }
    while engine.started < STEPS_PER_GENERATION:
        to_do = wire.read(NextSteps, (yield from engine.step(names.ADVANCE, order)))
        running = engine.running
        if to_do.done and not running:
            return True
        if to_do.done:  # for now: what still ends may free a place, or show that the web is back
            yield from engine.finish_some(leave=0)
            continue
        work = [(names.DISCOVER, search) for search in to_do.searches]
        work += [(names.PROCESS_CHUNK, chunk) for chunk in to_do.chunks]
        for name, id_ in work:
            payload = {**whose, "id": id_}
            if (name, payload) not in running:
                engine.call(name, payload)
        if not engine.running:  # all sources are busy
            yield from engine.sleep(max(to_do.wait, 1))
        yield from engine.finish_some(leave=len(engine.running) // 2)
    yield from engine.finish_some(leave=0)
    return False
