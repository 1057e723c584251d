"""The health of the app as a caller sees it."""

from typing import Literal

from shared.platform.model import Model

Health = Literal["healthy", "degraded", "unhealthy"]
PartHealth = Literal["healthy", "unhealthy"]


class HealthOut(Model):
    """The state of the app and of each part; ``unhealthy`` means it cannot serve."""

    status: Health
    version: str
    environment: str
    components: dict[str, PartHealth]
