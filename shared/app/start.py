"""What a process says and does when it starts and when it is told to stop."""

import asyncio
import os
import signal
from typing import Any, Final

from shared.app import services
from shared.app.settings import ConfigurationError, Settings, get_settings
from shared.app.settings.idle import idle_settings
from shared.app.settings.misspelt import misspelt
from shared.platform.build import build_version
from shared.platform.data import redis_pool
from shared.platform.observe.logging import configure_logging, get_logger

log = get_logger(__name__)

CLOSE_SECONDS: Final = 2.0  # whoever tells us to stop kills us soon after
_stopping: set[asyncio.Task[None]] = set()


def start() -> None:
    """Checks the settings, before anything is asked of this process.

    Raises:
        ConfigurationError: the environment lacks settings, or a Redis that it names does not answer
            and a deployed app relies on it.
    """
    settings = get_settings()
    configure_logging(settings)
    log.bind(version=build_version(), environment=settings.environment).info("starting")
    _look_for_redis(settings)
    log.info("configuration is valid")
    for variable, reason in idle_settings(settings).items():
        log.bind(variable=variable, reason=reason).warning("setting has no effect")
    for variable, meant in misspelt(os.environ).items():
        hint = {"meant": meant} if meant else {}
        log.bind(variable=variable, **hint).warning("there is no such setting")
    _stop_in_good_order()


def _look_for_redis(settings: Settings) -> None:
    if not settings.redis_parts:
        return
    parts = settings.redis_parts
    away = [part for part, address in parts.items() if not redis_pool.answers(address)]
    if away and not settings.is_lenient:
        hosts = ", ".join(f"{part.upper()}_REDIS_HOST" for part in away)
        raise ConfigurationError(f"The Redis does not answer that these name: {hosts}.")
    for part in away:
        log.bind(part=part).warning("Redis does not answer, going on without it")


def _stop_in_good_order() -> None:
    """Has SIGTERM close all connections first; who is killed outright leaves that to the kernel."""

    def stop() -> None:
        task = loop.create_task(_stop(loop, before))
        _stopping.add(task)  # a loop holds its tasks weakly

    try:
        loop = asyncio.get_running_loop()
        before = signal.getsignal(signal.SIGTERM)
        loop.add_signal_handler(signal.SIGTERM, stop)
    except (RuntimeError, NotImplementedError, ValueError):
        # No loop (the app is only imported), no such thing (Windows), another thread than the main.
        return


async def _stop(loop: asyncio.AbstractEventLoop, before: Any) -> None:
    log.info("stopping")
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            if services.cache_info().currsize:
                await services().close()
    except Exception as error:  # noqa: BLE001 - the process ends in any case
        log.bind(error=type(error).__name__).warning("not everything could be closed")
    log.info("stopped")
    await asyncio.sleep(0.05)  # so that the last line reaches the host
    loop.remove_signal_handler(signal.SIGTERM)
    if before is not None:
        signal.signal(signal.SIGTERM, before)  # whoever waited for it before us has their turn
    os.kill(os.getpid(), signal.SIGTERM)
