"""One request on its way through its endpoint."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar, cast

from shared.platform.http.auth.authentication import Authenticator
from shared.platform.http.auth.principal import Principal
from shared.platform.http.request import Request

if TYPE_CHECKING:
    from shared.platform.data.db import Database, Transaction
    from shared.platform.durable import OrchestrationClient
    from shared.platform.ratelimit import RateLimiter

Handler: TypeAlias = Callable[..., Awaitable[Any]]


class AppServices(Authenticator, Protocol):
    """What every request needs of the app; its handlers may need more."""

    @property
    def database(self) -> "Database":
        """PostgreSQL."""

    @property
    def limiter(self) -> "RateLimiter":
        """The guard of every endpoint against too many requests."""


S = TypeVar("S", bound=AppServices)


@dataclass
class Call(Generic[S]):
    """What a handler may use of the request it serves.

    ``client`` starts orchestrations; a ``GET`` has one if its endpoint ``starts`` some.
    """

    services: S
    request_id: str
    request: Request
    client: "OrchestrationClient | None" = None
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
