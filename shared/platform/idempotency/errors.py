"""Errors of idempotency keys."""

from shared.platform.errors import Conflict, Invalid


class IdempotencyKeyReused(Invalid):
    """The idempotency key belongs to another request"""

    code = "idempotency_key_reused"


class IdempotencyKeyInUse(Conflict):
    """The first request with this idempotency key is still running"""

    code = "idempotency_key_in_use"
