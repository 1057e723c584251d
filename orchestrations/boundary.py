"""Where activities meet the durable engine: what they answer when they have no result."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, ParamSpec

from orchestrations import wire
from shared.platform.errors import Unavailable
from shared.platform.observe import logging, tracing

P = ParamSpec("P")


def step(activity: Callable[P, Awaitable[Any]]) -> Callable[P, Awaitable[dict[str, Any]]]:
    """Answers ``{"result": …}``, or else what the flow makes its retries from.

    ``{"unreachable": what is}`` is asked again, ``{"failed": error class}`` is what another try
    cannot mend. Nothing is raised. Tries and retries are logged here, for a flow is replayed.
    """

    @wraps(activity)
    async def run(*args: P.args, **kwargs: P.kwargs) -> dict[str, Any]:
        order = next((a for a in (*args, *kwargs.values()) if isinstance(a, dict)), {})
        ids = {"job_id": str(order["job_id"])} if "job_id" in order else {}
        trace = tracing.carry_trace(order.get("traceparent"), activity.__name__)
        with trace, logging.log_context(**ids):
            log = logging.get_logger(__name__)
            if "retry" in order:
                log.bind(retry=order["retry"]).warning(f"{activity.__name__} is tried again")
            try:
                return {"result": wire.write(await activity(*args, **kwargs))}
            except Unavailable as error:
                log.bind(error=str(error)).warning(f"{activity.__name__} met an unreachable part")
                return {"unreachable": str(error)}
            except Exception as error:  # noqa: BLE001 - a bug ends the job, not in a loop
                log.opt(exception=True).error(f"{activity.__name__} failed")
                return {"failed": type(error).__name__}

    return run
