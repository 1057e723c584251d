"""The building of one export: parts side by side, a stage after the other, until all are built.

Deterministic: no I/O, no clock, no settings. Which parts are due is in the database; after some
steps a new generation begins, so that the history does not grow with the export.
"""

from typing import Any

import azure.durable_functions as df

from orchestrations.engine import STEPS_PER_GENERATION, Engine, Flow, Payload, run
from orchestrations.exports import names

bp = df.Blueprint()


@bp.orchestration_trigger(context_name="context", orchestration=names.EXPORT)
def export(context: df.DurableOrchestrationContext) -> Flow[str | None]:
    """One generation of ``{"export_id", "attempt", "begun"?}``; returns the export's status."""
    return flow(Engine(context))


def flow(engine: Engine) -> Flow[str | None]:
    """The building on an engine."""
    return run(engine, _generation, finish=names.FINISH)


def _generation(engine: Engine, order: Payload) -> Flow[bool]:
    """Whether there is nothing left to build; if not, another generation must follow."""
    if not order.get("begun"):
        yield from engine.step(names.BEGIN, order)
    while engine.started < STEPS_PER_GENERATION:
        due: list[int] | None = yield from engine.step(names.LIST_DUE, order)
        if due is None:
            yield from _wait_for_storage(engine, order)
            continue
        if not due:
            yield from engine.finish_some(leave=0)  # what was built twice may go on
            return True
        for number in due:
            payload: dict[str, Any] = {**order, "part": number}
            if (names.BUILD_PART, payload) not in engine.running:
                engine.call(names.BUILD_PART, payload)
        # The rest of a stage is worth a look as soon as half of what runs has ended; the next
        # stage begins when all of it has.
        yield from engine.finish_some(leave=len(engine.running) // 2)
    yield from engine.finish_some(leave=0)
    return False


def _wait_for_storage(engine: Engine, order: Payload) -> Flow[None]:
    """One look at what storage has archived, and the pause until the next."""
    yield from engine.finish_some(leave=0)  # they may have met it, too
    seconds: int = yield from engine.step(names.RESTORE, order)
    if seconds:
        yield from engine.sleep(seconds)
