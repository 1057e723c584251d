"""The app put together: what a process has one of, handed to the domains that need it."""

from functools import lru_cache

from shared.app import composition, settings


@lru_cache(maxsize=1)
def services() -> "composition.Services":
    """The services of this process; their clients and drivers are loaded with the first of them.

    Raises:
        ConfigurationError: the environment lacks settings.
    """
    return composition.Services(settings.get_settings())
