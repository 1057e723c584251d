"""Who may do what how often, and how an answer says so (draft-ietf-httpapi-ratelimit-headers)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """``quota`` requests in each window of ``seconds``; a window starts with its first request."""

    name: str
    quota: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """What a policy counts for one subject: a user, an API key or a client address."""

    policy: Policy
    subject: str

    @property
    def key(self) -> str:
        """The name under which it is counted."""
        return f"{self.policy.name}:{self.subject}"


@dataclass(frozen=True, slots=True)
class Usage:
    """A bucket after one more request: ``hits`` in a window that ends in ``seconds``."""

    policy: Policy
    hits: int
    seconds: float

    @property
    def exceeded(self) -> bool:
        """Whether that request was one too many."""
        return self.hits > self.policy.quota

    @property
    def remaining(self) -> int:
        """How many more the window allows."""
        return max(0, self.policy.quota - self.hits)

    @property
    def reset(self) -> int:
        """Whole seconds after which the quota is there again; never too early."""
        return max(1, math.ceil(self.seconds))


def headers_of(usages: Sequence[Usage]) -> dict[str, str]:
    """``RateLimit-Policy`` and ``RateLimit``: structured fields, one item a policy."""
    if not usages:
        return {}
    policies = (f'"{u.policy.name}";q={u.policy.quota};w={u.policy.seconds}' for u in usages)
    counts = (f'"{u.policy.name}";r={u.remaining};t={u.reset}' for u in usages)
    return {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(counts)}
