"""Rate limits: per user, per API key, per client address on ``/auth/*``."""

from shared.platform.ratelimit.backends import PostgresCounter, open_counter
from shared.platform.ratelimit.repo import delete_expired
from shared.platform.ratelimit.service import RateLimiter

__all__ = ["PostgresCounter", "RateLimiter", "delete_expired", "open_counter"]
