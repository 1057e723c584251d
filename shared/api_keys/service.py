"""Rules of API keys."""

import hashlib
import hmac
import secrets
import zlib
from uuid import UUID

from shared.activity import service as activity
from shared.api_keys import repo
from shared.api_keys.errors import ApiKeyNotActive
from shared.api_keys.schemas import ApiKeyCreate, ApiKeyCreated, ApiKeyOut, ApiKeyUsage
from shared.platform.data.cache import Cache
from shared.platform.data.db import Database, Transaction
from shared.platform.errors import NotFound, Unauthenticated
from shared.platform.http.auth.authentication import KEY_PREFIX
from shared.platform.http.auth.principal import Principal
from shared.platform.http.pagination import Page, PageQuery, make_page
from shared.platform.settings import PlatformSettings

SECRET_BYTES = 24  # 192 bits


async def create_key(
    transaction: Transaction, principal: Principal, settings: PlatformSettings, key: ApiKeyCreate
) -> ApiKeyCreated:
    """The new key with its secret, which exists nowhere else."""
    secret = _new_secret()
    stored = await repo.insert_key(
        transaction,
        principal.user_id,
        name=key.name,
        key_hash=_hashes(settings, secret)[0],
        key_prefix=_visible(secret),
        permissions=sorted(set(key.permissions)),
        rate_limit=key.rate_limit,
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


async def list_keys(
    transaction: Transaction, principal: Principal, query: PageQuery
) -> Page[ApiKeyOut]:
    """A page of the caller's keys, newest first."""
    rows = await repo.list_keys(
        transaction, principal.user_id, before=query.before, limit=query.limit + 1
    )
    return make_page(rows, query, lambda key: (key.created_at, key.id))


async def get_usage(transaction: Transaction, principal: Principal, key_id: UUID) -> ApiKeyUsage:
    """How the caller's key was used.

    Raises:
        NotFound: the caller has no such key.
    """
    usage = await repo.find_usage(transaction, principal.user_id, key_id)
    if usage is None:
        raise NotFound("You have no such API key.")
    return usage


async def rotate_key(
    transaction: Transaction, principal: Principal, settings: PlatformSettings, key_id: UUID
) -> ApiKeyCreated:
    """The caller's key with a new secret; the old one is useless at once.

    Raises:
        NotFound: the caller has no such key.
        ApiKeyNotActive: it is revoked or expired.
    """
    secret = _new_secret()
    rotated = await repo.replace_secret(
        transaction,
        principal.user_id,
        key_id,
        key_hash=_hashes(settings, secret)[0],
        key_prefix=_visible(secret),
    )
    if rotated is None:
        usage = await get_usage(transaction, principal, key_id)
        raise ApiKeyNotActive(f"The API key is {usage.status}.")
    await activity.record(transaction, principal.user_id, "api_key.rotated", "api_key", key_id)
    return ApiKeyCreated(**rotated.model_dump(), key=secret)


async def authenticate_key(
    database: Database, cache: Cache, settings: PlatformSettings, secret: str, address: str | None
) -> Principal:
    """The owner of an active key, with the key's permissions. ``address`` is noted with it.

    Raises:
        Unauthenticated: no such key, or it is revoked or expired.
    """
    principal = None
    hashes = _hashes(settings, secret)
    refused = f"refused-key:{hashes[0]}"
    # A key that was refused never becomes valid, so that nothing ever makes this untrue. One that
    # is valid is looked up in the statement that counts its use, and a revoked one ends at once.
    if _is_well_formed(secret) and not await cache.get(refused):
        async with database.transaction() as transaction:
            principal = await repo.use_key(transaction, hashes, address)
        if principal is None:
            await cache.put(refused, b"1")
    if principal is None:
        raise Unauthenticated("The API key is not valid.")
    return principal


def _new_secret() -> str:
    body = KEY_PREFIX + secrets.token_hex(SECRET_BYTES)
    return body + _checksum(body)


def _visible(secret: str) -> str:
    return secret[len(KEY_PREFIX) : len(KEY_PREFIX) + 8]


def _is_well_formed(secret: str) -> bool:
    """Whether the checksum fits: secret scanners, and we, tell a typing error without a look-up."""
    return secret.startswith(KEY_PREFIX) and hmac.compare_digest(
        _checksum(secret[:-8]).encode(), secret[-8:].encode()
    )


def _checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"


def _hashes(settings: PlatformSettings, secret: str) -> list[str]:
    """The hash with each of our secrets, the current one first."""
    peppers = settings.peppers
    return [hmac.digest(pepper, secret.encode(), hashlib.sha256).hex() for pepper in peppers]
