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


class StepFailed(Exception):
    """A step failed for a reason that another try would not mend."""


@bp.orchestration_trigger(context_name="context", orchestration=names.CRAWL)
def crawl(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    """One round of ``{"job_id", "attempt", "begun"?}``; returns the job's final status."""
    order = context.get_input()
    try:
        status = yield from _round(context, order)
    except StepFailed as failed:
        failure = f"The step {failed} failed on our side."
        status = yield from _step(context, names.FINISH, {**order, "failure": failure})
    if status is None:
        context.continue_as_new({**order, "begun": True})
    return status


def _round(
    context: df.DurableOrchestrationContext, order: dict[str, Any]
) -> Generator[Any, Any, str | None]:
    """The final status, or None when another round must follow."""
    if not order.get("begun") and not (yield from _step(context, names.BEGIN, order)):
        return "not wanted"
    plan = yield from _step(context, names.CHECK, order)
    if plan["done"]:
        return str((yield from _step(context, names.FINISH, order)))
    yield from _fan_out(context, names.DISCOVER, plan["searches"])
    chunks = yield from _step(context, names.CUT, order)
    yield from _fan_out(context, names.PROCESS_CHUNK, chunks)
    return None


def _step(
    context: df.DurableOrchestrationContext, name: str, payload: object
) -> Generator[Any, Any, Any]:
    (result,) = yield from _fan_out(context, name, [payload])
    return result


def _fan_out(
    context: df.DurableOrchestrationContext, name: str, payloads: list[Any]
) -> Generator[Any, Any, list[Any]]:
    """One activity per payload, side by side; their results in the same order."""
    if not payloads:
        return []
    answers = yield context.task_all(
        [context.call_activity_with_retry(name, INFRASTRUCTURE, payload) for payload in payloads]
    )
    if any("failed" in answer for answer in answers):
        raise StepFailed(name)
    return [answer["result"] for answer in answers]
