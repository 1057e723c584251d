"""The app put together: what a process has one of, handed to the domains that need it."""

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.app.services import Services


@lru_cache(maxsize=1)
def services() -> "Services":
    """The services of this process; their clients and drivers are loaded with the first of them.

    Raises:
        ConfigurationError: the environment lacks settings.
    """
    from shared.app.services import Services
    from shared.app.settings import get_settings

    return Services(get_settings())
