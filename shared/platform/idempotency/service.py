"""``Idempotency-Key``: the same request again gets its first answer and does nothing else.

A key is claimed by an advisory lock of the request's own transaction, and its answer is stored in
that transaction: it is there if and only if the work is, and a process that dies leaves no claim
behind. A refused request has changed nothing and is not kept: sent again, it is tried again.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from shared.platform.data.db import Transaction
from shared.platform.errors import Invalid
from shared.platform.http.answer import Answer
from shared.platform.idempotency import repo
from shared.platform.idempotency.errors import IdempotencyKeyInUse, IdempotencyKeyReused
from shared.platform.idempotency.repo import StoredAnswer
from shared.platform.settings import PlatformSettings

MAX_KEY_CHARACTERS = 255
NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A request that carries ``key``; ``digest`` tells what is asked."""

    user_id: UUID
    key: str
    digest: bytes

    @classmethod
    def of(
        cls, headers: Mapping[str, str], user_id: UUID, *content: bytes
    ) -> "KeyedRequest | None":
        """The request with ``content``, or None when it carries no key.

        Raises:
            Invalid: the key is empty or too long.
        """
        key = headers.get("idempotency-key")
        if key is None:
            return None
        if not 0 < len(key) <= MAX_KEY_CHARACTERS or not key.isprintable():
            field = {
                "loc": ["header", "Idempotency-Key"],
                "msg": f"must have 1 to {MAX_KEY_CHARACTERS} printable characters",
                "type": "idempotency_key",
            }
            raise Invalid("Invalid: Idempotency-Key.", errors=[field])
        digest = hashlib.sha256(b"\0".join(content)).digest()
        return cls(user_id, key, digest)

    async def claim(self, transaction: Transaction, settings: PlatformSettings) -> Answer | None:
        """The first answer, or None for the first request, which then owns the key.

        Raises:
            IdempotencyKeyInUse: the first request has not been answered yet.
            IdempotencyKeyReused: the key came with another request.
        """
        mine = await repo.try_lock(transaction, self.user_id, self.key)
        # Looked up after the lock was tried: what its last holder committed is visible.
        stored = await repo.find_answer(transaction, self.user_id, self.key)
        if stored is None:
            if not mine:
                raise IdempotencyKeyInUse("Wait for the answer to the first request.")
            return None
        if not hmac.compare_digest(stored.request_hash, self.digest):
            raise IdempotencyKeyReused("Use a new Idempotency-Key for a new request.")
        headers = {**stored.headers, "Idempotent-Replayed": "true"}
        return Answer(stored.status, headers, self._decrypt(settings, stored.body))

    async def store(
        self, transaction: Transaction, settings: PlatformSettings, answer: Answer
    ) -> None:
        """Keeps ``answer`` for 24 hours, if the transaction commits."""
        body = self._encrypt(settings, answer.body)
        stored = StoredAnswer(self.digest, answer.status, answer.headers, body)
        await repo.insert_answer(transaction, self.user_id, self.key, stored)

    def _encrypt(self, settings: PlatformSettings, body: bytes) -> bytes:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + AESGCM(self._secrets(settings)[0]).encrypt(nonce, body, None)

    def _decrypt(self, settings: PlatformSettings, stored: bytes) -> bytes:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce, body = stored[:NONCE_BYTES], stored[NONCE_BYTES:]
        for secret in self._secrets(settings):
            with suppress(InvalidTag):
                return AESGCM(secret).decrypt(nonce, body, None)
        raise IdempotencyKeyReused("The first answer cannot be read any more; use a new key.")

    def _secrets(self, settings: PlatformSettings) -> list[bytes]:
        """The key's own secret by each of ours, the current one first."""
        context = f"idempotency:{self.user_id}:{self.key}".encode()
        return [hmac.digest(pepper, context, hashlib.sha256) for pepper in settings.peppers]
