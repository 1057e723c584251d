"""Supabase access tokens: published keys verify them here, Auth those that have none.

Checks of RFC 8725: fixed algorithms, signature, expiry, not-before, issuer, audience, role.
"""

import asyncio
import hashlib
import time
from collections import deque
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import jwt

from shared.platform.errors import Unauthenticated, Unavailable
from shared.platform.http.auth.introspection import Introspection
from shared.platform.http.auth.principal import Principal
from shared.platform.net.retry import ATTEMPTS, NETWORK_ERRORS, REQUEST_SECONDS, retried
from shared.platform.observe.logging import get_logger

log = get_logger(__name__)

ALGORITHMS = ["ES256", "RS256"]  # never HS256: a published key must not double as a shared secret
LEGACY_ALGORITHM = "HS256"  # of older projects; only Auth knows the secret
AUDIENCE = "authenticated"
MAX_TOKEN_BYTES = 8192
REFRESH_SECONDS = 300
KEYS_TTL_SECONDS = 600  # Auth may be down for as long; after that its keys are trusted no more
FETCHES_A_MINUTE = 2  # unknown key ids cannot make us hammer Auth
RETRY_SECONDS = 1  # after a fetch that has failed at all its tries
LEEWAY_SECONDS = 5
MAX_REMEMBERED = 10_000


class TokenVerifier:
    """Turns bearer tokens into principals; keeps the key set of one Supabase project."""

    def __init__(
        self,
        supabase_url: str,
        http: httpx.AsyncClient,
        introspection: Introspection,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = f"{supabase_url.rstrip('/')}/auth/v1"
        self._http = http
        self._introspection = introspection
        self._keys: dict[str, jwt.PyJWK] = {}
        # Tokens that have passed, by digest: a client that polls sends the same one for an hour.
        self._passed: dict[bytes, tuple[str, Principal]] = {}
        self._clock = clock
        self._fetches: deque[float] = deque([float("-inf")] * FETCHES_A_MINUTE, FETCHES_A_MINUTE)
        self._failed_at: float | None = None
        self._lock = asyncio.Lock()

    async def verify(self, token: str) -> Principal:
        """The user of a valid access token.

        Raises:
            Unauthenticated: the token is malformed, forged, expired, revoked or for somebody else.
            Unavailable: only Supabase Auth could tell, and it does not answer.
        """
        if len(token) > MAX_TOKEN_BYTES:
            raise Unauthenticated("The access token is too long.")
        try:
            digest = hashlib.sha256(token.encode()).digest()
            if digest in self._passed:
                kid, principal = self._passed[digest]
                await self._key(kid)  # it must be trusted still
                if time.time() < (principal.expires_at or 0):
                    return principal
            header = jwt.get_unverified_header(token)
            kid = header.get("kid", "")
            if header.get("alg") == LEGACY_ALGORITHM:
                return await self._ask_auth(token, digest, kid)
            if header.get("alg") not in ALGORITHMS:
                raise jwt.InvalidAlgorithmError("no algorithm of Supabase")
            principal = _principal(self._claims(token, await self._key(kid)))
        except (jwt.PyJWTError, ValueError) as error:
            raise Unauthenticated("The access token is not valid.") from error
        if len(self._passed) >= MAX_REMEMBERED:
            self._passed.clear()
        self._passed[digest] = kid, principal
        return principal

    async def _ask_auth(self, token: str, digest: bytes, kid: str) -> Principal:
        if kid in self._keys:
            raise jwt.InvalidAlgorithmError("a published key is no shared secret")
        principal = _principal(self._claims(token, None))  # else Auth need not be asked
        await self._introspection.check(token, digest, principal.user_id)
        return principal

    def _claims(self, token: str, key: jwt.PyJWK | None) -> dict[str, Any]:
        """What the token says, all of it checked; only the signature is not without a key."""
        claims: dict[str, Any] = jwt.decode(
            token,
            key or "",
            algorithms=ALGORITHMS,
            audience=AUDIENCE,
            issuer=self._issuer,
            leeway=LEEWAY_SECONDS,
            options={
                "require": ["exp", "iat", "sub", "iss", "aud"],
                # Where no signature is verified, PyJWT verifies nothing that is not named.
                "verify_signature": key is not None,
                "verify_exp": True,
                "verify_nbf": True,
                "verify_iat": True,
                "verify_aud": True,
                "verify_iss": True,
                "verify_sub": True,
            },
        )
        return claims

    async def _key(self, kid: object) -> jwt.PyJWK:
        if not isinstance(kid, str):
            raise jwt.InvalidTokenError("no key id")
        usable = self._is_known(kid, KEYS_TTL_SECONDS)
        # Who has a key waits neither for others nor for a second try.
        if not self._is_known(kid, REFRESH_SECONDS) and not (usable and self._lock.locked()):
            async with self._lock:
                if not self._is_known(kid, REFRESH_SECONDS) and self._may_fetch():
                    await self._fetch(attempts=1 if usable else ATTEMPTS)
        if self._is_known(kid, KEYS_TTL_SECONDS):
            return self._keys[kid]
        if self._failed_at is not None:
            raise Unavailable("Sign-in keys cannot be fetched at the moment.")
        raise jwt.InvalidTokenError("unknown key id")

    def _is_known(self, kid: str, max_age: float) -> bool:
        return kid in self._keys and self._clock() - self._fetches[-1] <= max_age

    def _may_fetch(self) -> bool:
        if self._failed_at is not None:
            return self._clock() - self._failed_at >= RETRY_SECONDS
        return self._clock() - self._fetches[0] >= 60

    async def _fetch(self, *, attempts: int) -> None:
        host = httpx.URL(self._issuer).host
        try:
            answer = await retried(self._ask, host, attempts=attempts, seconds=REQUEST_SECONDS)
            published = answer.json()["keys"]
            # A project with a shared secret publishes none, which PyJWT takes for an error.
            keys = jwt.PyJWKSet(published).keys if published else []
        except (*NETWORK_ERRORS, jwt.PyJWTError, ValueError, KeyError, TypeError) as error:
            log.bind(error=type(error).__name__).warning("sign-in keys not fetched")
            self._failed_at = self._clock()
            return
        self._keys = {key.key_id: key for key in keys if key.key_id}
        self._passed.clear()
        self._failed_at = None
        self._fetches.append(self._clock())

    async def _ask(self) -> httpx.Response:
        answer = await self._http.get(f"{self._issuer}/.well-known/jwks.json", timeout=5)
        return answer.raise_for_status()


def _principal(claims: dict[str, Any]) -> Principal:
    if claims.get("role") != "authenticated":
        raise jwt.InvalidTokenError("not a signed-in user")
    written = claims.get("user_metadata")
    written = written if isinstance(written, dict) else {}
    return Principal(
        user_id=UUID(claims["sub"]),
        email=_text(claims.get("email")),
        full_name=_text(written.get("full_name")),
        avatar_url=_text(written.get("avatar_url")),
        expires_at=int(claims["exp"]),
    )


def _text(value: object) -> str | None:
    return value.replace("\0", "") if isinstance(value, str) else None
