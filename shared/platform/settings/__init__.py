"""What the platform is set to; shared/app/settings has it together with what the domains add."""

from shared.platform.settings.model import PlatformSettings
from shared.platform.settings.parts import Environment

__all__ = ["Environment", "PlatformSettings"]
