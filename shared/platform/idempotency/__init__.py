"""Idempotency keys: a request sent twice acts once."""

from shared.platform.idempotency.repo import delete_expired
from shared.platform.idempotency.service import KeyedRequest

__all__ = ["KeyedRequest", "delete_expired"]
