"""Password hashes with scrypt from the standard library."""

import asyncio
import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from typing import Final

# 16 MB and about 50 ms: what OWASP's cheat sheet allows at the low end, enough for a stand-in.
COST: Final = 2**14
BLOCK: Final = 8


async def hash_password(password: str) -> str:
    """A salted hash to store."""
    salt = secrets.token_bytes(16)
    digest = await asyncio.to_thread(_digest, password, salt)
    return f"scrypt${b64encode(salt).decode()}${b64encode(digest).decode()}"


async def matches(password: str, stored: str | None) -> bool:
    """Whether the password is the one that was hashed; as slow for an unknown user."""
    _, salt, digest = (stored or "scrypt$AAAAAAAAAAAAAAAAAAAAAA==$").split("$")
    computed = await asyncio.to_thread(_digest, password, b64decode(salt))
    return hmac.compare_digest(computed, b64decode(digest))


def _digest(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=COST, r=BLOCK, p=1)
