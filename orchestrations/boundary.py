"""Where activities meet the durable engine: which failures it shall retry."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, ParamSpec

from shared.platform.errors import Unavailable
from shared.platform.logging import get_logger

log = get_logger(__name__)

P = ParamSpec("P")


def step(activity: Callable[P, Awaitable[Any]]) -> Callable[P, Awaitable[dict[str, Any]]]:
    """Answers ``{"result": …}``, or ``{"failed": error class}`` for what another try cannot mend.

    Only an unreachable part (`Unavailable`) is raised, for the engine retries whatever is.
    """

    @wraps(activity)
    async def run(*args: P.args, **kwargs: P.kwargs) -> dict[str, Any]:
        try:
            return {"result": await activity(*args, **kwargs)}
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - the boundary: a bug ends the job, not in a loop
            log.opt(exception=True).error(f"{activity.__name__} failed")
            return {"failed": type(error).__name__}

    return run
