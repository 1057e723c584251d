"""Supabase's two keys, which are easily mixed up."""

import base64
import json

from pydantic import SecretStr

# Of another kind of key the prefix tells: https://supabase.com/docs/guides/api/api-keys
_PREFIXES = {"sb_secret_": "service_role", "sb_publishable_": "anon"}


def check_public_key(key: SecretStr) -> SecretStr:
    """The key, if it is none that passes all row-level security.

    Raises:
        ValueError: it is the project's secret key.
    """
    if role_of(key.get_secret_value()) == "service_role":
        raise ValueError("holds the service role key; give it the project's anon key")
    return key


def check_secret_key(key: SecretStr) -> SecretStr:
    """The key, if it is none that pages show.

    Raises:
        ValueError: it is the project's public key.
    """
    if role_of(key.get_secret_value()) == "anon":
        raise ValueError("holds the anon key; give it the project's service role key")
    return key


def role_of(key: str) -> str | None:
    """Whose rights a Supabase key gives: its prefix says so, or the claims of a JWT."""
    for prefix, role in _PREFIXES.items():
        if key.startswith(prefix):
            return role
    _, _, rest = key.partition(".")
    claims = rest.partition(".")[0]
    try:
        found = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    except ValueError:
        return None
    return str(found.get("role")) if isinstance(found, dict) else None
