"""Where activities meet the durable engine: which failures it shall retry."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, ParamSpec

from shared.platform import logging, tracing
from shared.platform.errors import Unavailable

P = ParamSpec("P")


def step(activity: Callable[P, Awaitable[Any]]) -> Callable[P, Awaitable[dict[str, Any]]]:
    """Answers ``{"result": …}``, or ``{"failed": error class}`` for what another try cannot mend.

    Only an unreachable part (`Unavailable`) is raised, for the engine retries whatever is.
    """

    @wraps(activity)
    async def run(*args: P.args, **kwargs: P.kwargs) -> dict[str, Any]:
        order = next((a for a in (*args, *kwargs.values()) if isinstance(a, dict)), {})
        ids = {"job_id": str(order["job_id"])} if "job_id" in order else {}
        trace = tracing.carry_trace(order.get("traceparent"), activity.__name__)
        with trace, logging.log_context(**ids):
            try:
                return {"result": await activity(*args, **kwargs)}
            except Unavailable:
                raise
            except Exception as error:  # noqa: BLE001 - a bug ends the job, not in a loop
                log = logging.get_logger(__name__)
                log.opt(exception=True).error(f"{activity.__name__} failed")
                return {"failed": type(error).__name__}

    return run
