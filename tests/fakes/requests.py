"""A request with nothing in it."""

from collections.abc import Mapping


class EmptyRequest:
    """What the host hands over for a request without headers, query, path and body."""

    headers: Mapping[str, str] = {}
    params: Mapping[str, str] = {}
    route_params: Mapping[str, str] = {}

    def get_body(self) -> bytes:
        return b""
