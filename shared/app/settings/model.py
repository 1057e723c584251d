"""All settings together: the platform's, and those of the domains that own them."""

from shared.crawl.settings import CrawlSettings
from shared.credits.settings import CreditSettings
from shared.exports.settings import ExportSettings
from shared.notifications.settings import EmailSettings
from shared.platform.settings import PlatformSettings
from shared.sources.settings import SourceSettings


class Settings(
    SourceSettings,
    CrawlSettings,
    CreditSettings,
    EmailSettings,
    ExportSettings,
    PlatformSettings,  # its fields are validated first: others ask for the environment
):
    """The settings with their defaults; a field's environment variable is its name in capitals."""
