"""What a process says when it starts: its settings, and what is odd about them."""

import os

from shared.platform import VERSION
from shared.platform.logging import configure_logging, get_logger
from shared.platform.settings import get_settings
from shared.platform.settings.idle import idle_settings
from shared.platform.settings.misspelt import misspelt

log = get_logger(__name__)


def start() -> None:
    """Checks the settings, before anything is asked of this process.

    Raises:
        ConfigurationError: the environment lacks settings.
    """
    settings = get_settings()
    configure_logging(settings)
    log.bind(version=VERSION, environment=settings.environment).info("configuration is valid")
    for variable, reason in idle_settings(settings).items():
        log.bind(variable=variable, reason=reason).warning("setting has no effect")
    for variable, meant in misspelt(os.environ).items():
        hint = {"meant": meant} if meant else {}
        log.bind(variable=variable, **hint).warning("there is no such setting")
