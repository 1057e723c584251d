"""Requests as the host hands them over."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class FakeRequest:
    """A request with what a test puts into it, which may be nothing."""

    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    route_params: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def get_body(self) -> bytes:
        return self.body
