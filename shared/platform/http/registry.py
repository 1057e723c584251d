"""The list of all endpoints: what routing answers, documentation and security tests are made of."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

from pydantic import BaseModel

from shared.platform.errors import AppError

Access = Literal["public", "user", "caller", "admin"]
Method = Literal["GET", "POST", "PATCH", "DELETE"]

_PARAMETER = re.compile(r"\{(\w+)(?::(\w+))?\}")
_CONSTRAINTS = {"int": r"-?\d+", "guid": r"[0-9a-fA-F-]{36}", "": r"[^/]+"}


@dataclass(frozen=True)
class Endpoint:
    """One declared endpoint.

    ``access``: anybody, a signed-in user, also an API key, or an administrator alone.
    ``internal``: reads tables that users have no rights on, hence as the service role, guarded by
    the owner predicate alone. ``idempotent``: honours ``Idempotency-Key``. ``successor``: the path
    that has taken its place; it is deprecated. Without ``in_transaction`` the handler opens what it
    needs itself, because it waits for something else than the database. ``per_minute``: how often a
    user may call it, all their keys together. ``body_optional``: the handler does without a body.
    """

    name: str
    method: Method
    path: str
    summary: str
    access: Access
    scope: str | None
    returns: Mapping[int, type[BaseModel] | None]
    raises: tuple[type[AppError], ...]
    parameters: Mapping[str, type]
    body: type[BaseModel] | None
    query: type[BaseModel] | None
    etag: bool
    internal: bool
    idempotent: bool = False
    successor: str | None = None
    in_transaction: bool = True
    per_minute: int | None = None
    body_optional: bool = False

    @property
    def reads_as_caller(self) -> bool:
        """Whether its transaction only reads, under the caller's own database role."""
        return self.method == "GET" and not self.internal

    @property
    def status(self) -> int:
        """The status of its successful answer."""
        return next(iter(self.returns))

    def fill(self, values: Mapping[str, str]) -> str:
        """Its path with the parameters' ``values`` in it."""
        return fill(self.path, values)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Matches the paths of this endpoint, with or without a trailing slash."""
        position, parts = 0, []
        for match in _PARAMETER.finditer(self.path):
            parts += [
                re.escape(self.path[position : match.start()]),
                _CONSTRAINTS[match[2] or ""],
            ]
            position = match.end()
        parts.append(re.escape(self.path[position:]))
        return re.compile("/" + "".join(parts) + "/?", re.IGNORECASE)


def fill(path: str, values: Mapping[str, str]) -> str:
    """A declared path with the parameters' ``values`` in it."""
    return "/" + _PARAMETER.sub(lambda match: values[match[1]], path)


endpoints: dict[str, Endpoint] = {}


def add_endpoint(endpoint: Endpoint) -> None:
    """Declares an endpoint.

    Raises:
        ValueError: its name, or its method and path, are taken.
    """
    for other in endpoints.values():
        if other.name == endpoint.name or (other.method, other.path) == (
            endpoint.method,
            endpoint.path,
        ):
            raise ValueError(f"{endpoint.name} is declared twice")
    endpoints[endpoint.name] = endpoint


def allowed_methods(path: str) -> list[str]:
    """The methods that ``path`` supports; empty for an unknown path."""
    found = {e.method for e in endpoints.values() if e.pattern.fullmatch(path)}
    return [method for method in get_args(Method) if method in found]
