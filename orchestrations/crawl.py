"""The crawl of one job: rounds of discover, cut and process until nothing is left to do.

Deterministic: no I/O, no clock, no settings. All state is in the database; the history holds ids
and counts, and each round is a new generation, so that its length does not grow with the job.
"""

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df

from orchestrations import names
from orchestrations.retry import INFRASTRUCTURE

bp = df.Blueprint()


@bp.orchestration_trigger(context_name="context", orchestration=names.CRAWL)
def crawl(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    """One round of ``{"job_id", "attempt", "begun"?}``; returns the job's final status."""
    order = context.get_input()
    if not order.get("begun") and not (yield _call(context, names.BEGIN, order)):
        return "not wanted"
    plan = yield _call(context, names.CHECK, order)
    if plan["done"]:
        return (yield _call(context, names.FINISH, order))
    if plan["searches"]:
        yield context.task_all([_call(context, names.DISCOVER, i) for i in plan["searches"]])
    chunks = yield _call(context, names.CUT, order)
    if chunks:
        yield context.task_all([_call(context, names.PROCESS_CHUNK, i) for i in chunks])
    context.continue_as_new({**order, "begun": True})
    return "continued"


def _call(context: df.DurableOrchestrationContext, name: str, payload: object) -> Any:
    return context.call_activity_with_retry(name, INFRASTRUCTURE, payload)
