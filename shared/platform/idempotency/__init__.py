"""Idempotency keys: a request sent twice acts once."""

from shared.platform.idempotency.service import KeyedRequest

__all__ = ["KeyedRequest"]
