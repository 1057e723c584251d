"""One request on its way through its endpoint."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from shared.platform.principal import Principal
from shared.platform.request import Request

if TYPE_CHECKING:
    from shared.platform.bootstrap import Services
    from shared.platform.db import Transaction

Handler: TypeAlias = Callable[..., Awaitable[Any]]


@dataclass
class Call:
    """What a handler may use of the request it serves."""

    services: "Services"
    request_id: str
    request: Request
    received: float = field(default_factory=time.monotonic)
    headers: dict[str, str] = field(default_factory=dict)
    _principal: Principal | None = None
    _transaction: "Transaction | None" = None

    @property
    def principal(self) -> Principal:
        """The caller; only public endpoints have none."""
        return cast("Principal", self._principal)

    @property
    def tx(self) -> "Transaction":
        """The request's transaction; public endpoints have none."""
        return cast("Transaction", self._transaction)

    @property
    def age(self) -> float:
        """Seconds since the request came in."""
        return time.monotonic() - self.received
