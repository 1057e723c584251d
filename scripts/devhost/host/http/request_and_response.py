"""Requests and answers as the host's parts see them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from scripts.devhost.host.dotnet import compact, utf8

JSON_TYPE: Final = "application/json; charset=utf-8"


class BodyLost(Exception):
    """The client did not send the whole body that it had announced."""


@dataclass(frozen=True, slots=True)
class Head:
    """What stands before a request's body."""

    method: str
    path: str  # decoded; "" for `OPTIONS *`
    query: str  # raw, with its question mark
    is_http11: bool
    headers: dict[str, str]  # by lower-case name, repeated ones joined
    length: int | None
    is_chunked: bool
    keeps_alive: bool

    @property
    def host(self) -> str:
        """The host that the client asked for; "" where it named none."""
        return self.headers.get("host", "")

    @property
    def has_body(self) -> bool:
        """Whether bytes follow that belong to this request."""
        return self.is_chunked or bool(self.length)


@dataclass(frozen=True, slots=True)
class Request:
    """A request whose body can be read once."""

    head: Head
    read: Callable[[], Awaitable[bytes]]


@dataclass(slots=True)
class Response:
    """An answer; the server adds what frames it."""

    status: int
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)

    def get(self, name: str) -> str | None:
        """The value of a header, ignoring the case of its name."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    def set(self, name: str, value: str) -> None:
        """Put the header in the place of any of that name."""
        wanted = name.lower()
        self.headers[:] = [header for header in self.headers if header[0].lower() != wanted]
        self.headers.append((name, value))


def json_response(value: Any, status: int = 200) -> Response:
    """An answer that holds the value as JSON."""
    return Response(status, utf8(compact(value)), [("Content-Type", JSON_TYPE)])
