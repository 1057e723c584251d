"""Checks of the components, side by side, each within its own time."""

import asyncio
import time

from shared.health.components import COMPONENTS, Component, Parts
from shared.health.schemas import Health, HealthOut, PartHealth
from shared.platform.build import build_version
from shared.platform.deadline import within
from shared.platform.observe import telemetry
from shared.platform.observe.logging import get_logger
from shared.platform.shared_run import SharedRun

__all__ = ["HealthMonitor", "Parts", "check_health"]

log = get_logger(__name__)

CHECK_SECONDS = 1.5
FIRST_SECONDS = 10.0  # the first check of a process loads the clients of all parts
KEPT_SECONDS = 5.0


class HealthMonitor:
    """The health of the parts, looked at when it is asked for, at most every 5 s."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._run = SharedRun[HealthOut]()
        self._result: HealthOut | None = None
        self._checked_at = 0.0

    async def check(self) -> HealthOut:
        """Unhealthy without a required component, degraded without another one.

        Whoever asks meanwhile waits for the same check, which goes on when they stop waiting.
        """
        if self._result and time.monotonic() - self._checked_at <= KEPT_SECONDS:
            return self._result
        return await self._run.result(self._look)

    async def _look(self) -> HealthOut:
        seconds = CHECK_SECONDS if self._result else FIRST_SECONDS
        self._result = await check_health(self.parts, seconds)
        self._checked_at = time.monotonic()
        return self._result


async def check_health(parts: Parts, seconds: float = CHECK_SECONDS) -> HealthOut:
    """The health at this moment, told to telemetry too.

    A component that needs more than ``seconds`` is unhealthy.
    """
    used = [component for component in COMPONENTS if component.in_use(parts)]
    states = await asyncio.gather(*(_state(part, parts, seconds) for part in used))
    components = {part.name: state for part, state in zip(used, states, strict=True)}
    telemetry.record(
        "pixcrawler.component.up", {name: state == "healthy" for name, state in components.items()}
    )
    return HealthOut(
        status=_overall(components),
        version=build_version(),
        environment=parts.settings.environment,
        components=components,
    )


def _overall(components: dict[str, PartHealth]) -> Health:
    ill = [part for part in COMPONENTS if components.get(part.name) == "unhealthy"]
    if any(part.required for part in ill):
        return "unhealthy"
    return "degraded" if ill else "healthy"


async def _state(part: Component, parts: Parts, seconds: float) -> PartHealth:
    try:
        await within(seconds, part.check(parts))
    except Exception as error:  # noqa: BLE001 - whatever it is, the part does not answer
        log.bind(component=part.name, error=type(error).__name__).warning("health check failed")
        return "unhealthy"
    return "healthy"
