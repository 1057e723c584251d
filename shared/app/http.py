"""How triggers declare endpoints, which are served with the services of their process."""

from typing import TYPE_CHECKING, TypeAlias

from shared.app import services
from shared.platform.http.answer import Reply
from shared.platform.http.endpoint import Endpoints

if TYPE_CHECKING:
    from shared.app.composition import Services
    from shared.platform.http import call

__all__ = ["Call", "Reply", "endpoint"]

Call: TypeAlias = "call.Call[Services]"
endpoint = Endpoints(services)
