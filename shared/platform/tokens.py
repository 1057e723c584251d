"""Supabase access tokens, verified against the project's published keys.

Checks of RFC 8725: fixed algorithms, signature, expiry, not-before, issuer, audience, role.
"""

import asyncio
import time
from typing import Any
from uuid import UUID

import httpx
import jwt

from shared.platform.errors import Unauthenticated, Unavailable
from shared.platform.logging import get_logger
from shared.platform.principal import Principal

log = get_logger(__name__)

ALGORITHMS = ["ES256", "RS256"]  # never HS256: a published key must not double as a shared secret
AUDIENCE = "authenticated"
MAX_TOKEN_BYTES = 8192
KEYS_TTL_SECONDS = 600
MIN_REFETCH_SECONDS = 30  # unknown key ids cannot make us hammer Auth: at most 2 fetches a minute
LEEWAY_SECONDS = 5


class TokenVerifier:
    """Turns bearer tokens into principals; keeps the key set of one Supabase project."""

    def __init__(self, supabase_url: str, http: httpx.AsyncClient) -> None:
        self._issuer = f"{supabase_url.rstrip('/')}/auth/v1"
        self._http = http
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._lock = asyncio.Lock()

    async def verify(self, token: str) -> Principal:
        """The user of a valid access token.

        Raises:
            Unauthenticated: the token is malformed, forged, expired or for somebody else.
            Unavailable: the key it names is unknown and Supabase Auth does not answer.
        """
        if len(token) > MAX_TOKEN_BYTES:
            raise Unauthenticated("The access token is too long.")
        try:
            key = await self._key(jwt.get_unverified_header(token).get("kid"))
            claims = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=AUDIENCE,
                issuer=self._issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "sub", "iss", "aud"]},
            )
            return _principal(claims)
        except (jwt.PyJWTError, ValueError) as error:
            raise Unauthenticated("The access token is not valid.") from error

    async def _key(self, kid: object) -> jwt.PyJWK:
        if not isinstance(kid, str):
            raise jwt.InvalidTokenError("no key id")
        if kid not in self._keys or time.monotonic() - self._fetched_at > KEYS_TTL_SECONDS:
            await self._refresh(kid)
        if kid not in self._keys:
            raise jwt.InvalidTokenError("unknown key id")
        return self._keys[kid]

    async def _refresh(self, kid: str) -> None:
        async with self._lock:
            now = time.monotonic()
            if now - self._tried_at < MIN_REFETCH_SECONDS:
                if not self._keys:
                    raise Unavailable("Sign-in keys cannot be fetched at the moment.")
                return
            self._tried_at = now
            try:
                answer = await self._http.get(f"{self._issuer}/.well-known/jwks.json", timeout=5)
                answer.raise_for_status()
                keys = jwt.PyJWKSet.from_dict(answer.json()).keys
            except (httpx.HTTPError, jwt.PyJWTError, ValueError) as error:
                log.warning("sign-in keys not fetched", error=type(error).__name__)
                if kid not in self._keys:
                    self._tried_at = float("-inf") if not self._keys else now
                    raise Unavailable("Sign-in keys cannot be fetched at the moment.") from error
                return
            self._keys = {key.key_id: key for key in keys if key.key_id}
            self._fetched_at = now


def _principal(claims: dict[str, Any]) -> Principal:
    if claims.get("role") != "authenticated":
        raise jwt.InvalidTokenError("not a signed-in user")
    email = claims.get("email")
    return Principal(
        user_id=UUID(claims["sub"]),
        email=email if isinstance(email, str) else None,
        expires_at=int(claims["exp"]),
    )
