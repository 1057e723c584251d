"""Rules of API keys."""

import hashlib
import hmac
import secrets
import zlib
from uuid import UUID

from shared.activity import service as activity
from shared.api_keys import repo
from shared.api_keys.schemas import ApiKeyCreate, ApiKeyCreated
from shared.platform.bootstrap import Services
from shared.platform.db import Transaction
from shared.platform.errors import NotFound, Unauthenticated
from shared.platform.principal import Principal
from shared.platform.settings import Settings

PREFIX = "pk_live_"
SECRET_BYTES = 24  # 192 bits


async def create_key(
    transaction: Transaction, principal: Principal, settings: Settings, key: ApiKeyCreate
) -> ApiKeyCreated:
    """The new key with its secret, which exists nowhere else."""
    secret = _new_secret()
    stored = await repo.insert_key(
        transaction,
        principal.user_id,
        name=key.name,
        key_hash=_hash(settings, secret),
        key_prefix=secret[len(PREFIX) : len(PREFIX) + 8],
        permissions=sorted(set(key.permissions)),
        expires_at=key.expires_at,
    )
    await activity.record(
        transaction, principal.user_id, "api_key.created", "api_key", stored.id, name=key.name
    )
    return ApiKeyCreated(**stored.model_dump(), key=secret)


async def revoke_key(transaction: Transaction, principal: Principal, key_id: UUID) -> None:
    """Makes the caller's key useless at once.

    Raises:
        NotFound: the caller has no such key.
    """
    if not await repo.revoke_key(transaction, principal.user_id, key_id):
        raise NotFound("You have no such API key.")
    await activity.record(transaction, principal.user_id, "api_key.revoked", "api_key", key_id)


async def authenticate_key(services: Services, secret: str) -> Principal:
    """The owner of an active key, with the key's permissions.

    Raises:
        Unauthenticated: no such key, or it is revoked or expired.
    """
    principal = None
    if _is_well_formed(secret):
        async with services.database.transaction() as transaction:
            principal = await repo.use_key(transaction, _hash(services.settings, secret))
    if principal is None:
        raise Unauthenticated("The API key is not valid.")
    return principal


def _new_secret() -> str:
    body = PREFIX + secrets.token_hex(SECRET_BYTES)
    return body + _checksum(body)


def _is_well_formed(secret: str) -> bool:
    """Whether the checksum fits: secret scanners, and we, tell a typing error without a look-up."""
    return secret.startswith(PREFIX) and hmac.compare_digest(
        _checksum(secret[:-8]).encode(), secret[-8:].encode()
    )


def _checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"


def _hash(settings: Settings, secret: str) -> str:
    pepper = settings.api_key_pepper.get_secret_value().encode()
    return hmac.digest(pepper, secret.encode(), hashlib.sha256).hex()
