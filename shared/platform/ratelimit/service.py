"""Which limits a request is under, and what becomes of it.

- A signed-in user: ``default`` for reads, ``write`` for all other methods.
- An API key: the same, as its owner, and ``key``: its own ``rate_limit`` requests an hour.
- An endpoint that others pay for: also its own ``per_minute``, under its name.
- Nobody, on ``/auth/*``: per client address.
"""

import time
from collections.abc import Mapping, Sequence

from shared.platform.errors import TooManyRequests, Unavailable
from shared.platform.http.auth.client_address import client_address
from shared.platform.http.auth.principal import Principal
from shared.platform.http.registry import Endpoint
from shared.platform.observe.logging import get_logger
from shared.platform.ratelimit.backends import Counter
from shared.platform.ratelimit.policy import Bucket, Policy, Usage, headers_of
from shared.platform.settings import PlatformSettings

log = get_logger(__name__)

MINUTE = 60
HOUR = 3600
AUTH_PATH = "api/v1/auth/"
WARNING_SECONDS = 60
MAX_REMEMBERED = 10_000


class RateLimiter:
    """Lets requests through while their buckets have room."""

    def __init__(
        self, settings: PlatformSettings, counter: Counter, spare: Counter | None = None
    ) -> None:
        """``spare`` counts for a developer while ``counter`` does not answer."""
        self._settings = settings
        self._counter = counter
        self._spare = spare if settings.is_lenient else None
        self._warned_at = float("-inf")
        # What is known to be full costs no round trip until its window ends.
        self._full: dict[Bucket, tuple[Usage, float]] = {}

    def refuse_full(
        self, endpoint: Endpoint, principal: Principal | None, headers: Mapping[str, str]
    ) -> None:
        """Lets the request pass unless a bucket is known to be full, which costs no round trip.

        Raises:
            TooManyRequests: one is.
        """
        if self._settings.limiter_enabled:
            _refuse_exceeded(self._known_full(self._buckets(endpoint, principal, headers)))

    async def check(
        self, endpoint: Endpoint, principal: Principal | None, headers: Mapping[str, str]
    ) -> dict[str, str]:
        """Counts the request; the headers its answer carries.

        Raises:
            TooManyRequests: a bucket is full.
            Unavailable: nothing can be counted, and the endpoint must not go uncounted.
        """
        buckets = self._buckets(endpoint, principal, headers)
        if not buckets or not self._settings.limiter_enabled:
            return {}
        usages = self._known_full(buckets)
        if not usages:
            try:
                usages = await self._count(buckets)
            except Unavailable:
                self._without_counter(endpoint)
                return {}
            self._remember(buckets, usages)
        _refuse_exceeded(usages)
        return headers_of(usages)

    async def _count(self, buckets: Sequence[Bucket]) -> list[Usage]:
        try:
            return await self._counter.hit(buckets)
        except Unavailable:
            if self._spare is None:
                raise
            self._warn("rate limiter not reachable, PostgreSQL counts")
            return await self._spare.hit(buckets)

    def _buckets(
        self, endpoint: Endpoint, principal: Principal | None, headers: Mapping[str, str]
    ) -> list[Bucket]:
        policy = self._policy(endpoint, principal)
        if policy is None:
            return []
        if principal is None:
            return [Bucket(policy, client_address(headers, self._settings.trusted_networks))]
        buckets = [Bucket(policy, str(principal.user_id))]
        if principal.key_id and principal.rate_limit:
            key_policy = Policy("key", principal.rate_limit, HOUR)
            buckets.append(Bucket(key_policy, str(principal.key_id)))
        if endpoint.per_minute:
            own = Policy(endpoint.name, endpoint.per_minute, MINUTE)
            buckets.append(Bucket(own, str(principal.user_id)))
        return buckets

    def _policy(self, endpoint: Endpoint, principal: Principal | None) -> Policy | None:
        settings = self._settings
        seconds = settings.limiter_default_seconds
        if principal is None:
            is_auth = endpoint.path.startswith(AUTH_PATH)
            return Policy("auth", settings.limiter_auth_times, seconds) if is_auth else None
        if endpoint.method == "GET":
            return Policy("default", settings.limiter_default_times, seconds)
        return Policy("write", settings.limiter_write_times, seconds)

    def _known_full(self, buckets: Sequence[Bucket]) -> list[Usage]:
        now = time.monotonic()
        known = [self._full[bucket] for bucket in buckets if bucket in self._full]
        return [
            Usage(usage.policy, usage.hits, until - now) for usage, until in known if until > now
        ]

    def _remember(self, buckets: Sequence[Bucket], usages: Sequence[Usage]) -> None:
        if len(self._full) > MAX_REMEMBERED:
            self._full.clear()
        for bucket, usage in zip(buckets, usages, strict=False):
            if usage.exceeded:
                self._full[bucket] = (usage, time.monotonic() + usage.seconds)
            else:
                self._full.pop(bucket, None)

    def _without_counter(self, endpoint: Endpoint) -> None:
        """Development goes on; elsewhere only reads do."""
        sensitive = endpoint.method != "GET" or endpoint.path.startswith(AUTH_PATH)
        if sensitive and not self._settings.is_lenient:
            raise Unavailable("The rate limiter is not reachable.")
        self._warn("rate limiter not reachable, requests go uncounted")

    def _warn(self, text: str) -> None:
        now = time.monotonic()
        if now - self._warned_at >= WARNING_SECONDS:
            self._warned_at = now
            log.warning(text)


def _refuse_exceeded(usages: Sequence[Usage]) -> None:
    exceeded = [usage for usage in usages if usage.exceeded]
    if exceeded:
        wait = max(usage.reset for usage in exceeded)
        raise TooManyRequests(
            f"Too many requests; try again in {wait} s.",
            headers={"Retry-After": str(wait), **headers_of(usages)},
        )
