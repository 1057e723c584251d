"""What a process says when it starts: its settings, and what is odd about them."""

import os

from shared.platform import VERSION
from shared.platform.logging import configure_logging, get_logger
from shared.platform.settings import ConfigurationError, Settings, get_settings
from shared.platform.settings.idle import idle_settings
from shared.platform.settings.misspelt import misspelt

log = get_logger(__name__)


def start() -> None:
    """Checks the settings, before anything is asked of this process.

    Raises:
        ConfigurationError: the environment lacks settings, or a Redis that it names does not answer
            and a deployed app relies on it.
    """
    settings = get_settings()
    configure_logging(settings)
    _look_for_redis(settings)
    log.bind(version=VERSION, environment=settings.environment).info("configuration is valid")
    for variable, reason in idle_settings(settings).items():
        log.bind(variable=variable, reason=reason).warning("setting has no effect")
    for variable, meant in misspelt(os.environ).items():
        hint = {"meant": meant} if meant else {}
        log.bind(variable=variable, **hint).warning("there is no such setting")


def _look_for_redis(settings: Settings) -> None:
    if not settings.redis_parts:
        return
    from shared.platform.redis_pool import answers

    away = [part for part, address in settings.redis_parts.items() if not answers(address)]
    if away and not settings.is_lenient:
        hosts = ", ".join(f"{part.upper()}_REDIS_HOST" for part in away)
        raise ConfigurationError(f"The Redis does not answer that these name: {hosts}.")
    for part in away:
        log.bind(part=part).warning("Redis does not answer, going on without it")
