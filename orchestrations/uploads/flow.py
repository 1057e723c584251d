"""The reading of one upload. Deterministic: no I/O, no clock, no settings."""

import azure.durable_functions as df

from orchestrations.engine import Engine, Flow, StepFailed
from orchestrations.uploads import names

bp = df.Blueprint()


@bp.orchestration_trigger(context_name="context", orchestration=names.UPLOAD)
def upload(context: df.DurableOrchestrationContext) -> Flow[str]:
    """One attempt at ``{"upload_id", "attempt"}``; returns the upload's status."""
    return flow(Engine(context))


def flow(engine: Engine) -> Flow[str]:
    """The reading on an engine."""
    order = engine.order
    try:
        failure: str | None = yield from engine.step(names.CHECK, order)
    except StepFailed as failed:
        engine.abandon()
        failure = str(failed)
    if failure:
        order = {**order, "failure": failure}
    status: str = yield from engine.step(names.FINISH, order)
    return status
