"""Secrets in the wrong place: Supabase's two keys mixed up, or a secret that a page would show."""

import base64
import json
import re
from collections.abc import Mapping

from pydantic import SecretStr

# What the frontend's build writes into its pages.
PUBLIC = "NEXT_PUBLIC_"
SHORTEST_SECRET = 8  # a shorter value may be another one's by chance
# Stripe's and Resend's secrets by their first letters; Stripe's public key begins with pk_.
_SECRET = re.compile(r"(?:(?:sk|rk)_(?:live|test)_|whsec_|re_)\w{16,}")
# Of another kind of key the prefix tells: https://supabase.com/docs/guides/api/api-keys
_PREFIXES = {"sb_secret_": "service_role", "sb_publishable_": "anon"}


def check_public_key(key: SecretStr) -> SecretStr:
    """The key, if it is none that passes all row-level security.

    Raises:
        ValueError: it is the project's secret key.
    """
    if _role(key.get_secret_value()) == "service_role":
        raise ValueError("holds the service role key; give it the project's anon key")
    return key


def check_secret_key(key: SecretStr) -> SecretStr:
    """The key, if it is none that pages show.

    Raises:
        ValueError: it is the project's public key.
    """
    if _role(key.get_secret_value()) == "anon":
        raise ValueError("holds the anon key; give it the project's service role key")
    return key


def exposed(environment: Mapping[str, str]) -> list[str]:
    """A sentence for each variable that the frontend shows to everyone and that holds a secret.

    A secret is what looks like one, or is the value of one of ours.
    """
    ours = _secrets_of(environment)
    return [
        f"{name}: holds a secret, and what begins with {PUBLIC} is built into pages that "
        "everyone can read"
        for name, value in environment.items()
        if name.upper().startswith(PUBLIC) and (value in ours or _is_secret(value))
    ]


def _secrets_of(environment: Mapping[str, str]) -> set[str]:
    from shared.platform.settings.variables import variables  # it knows the settings, they us

    values = {
        environment.get(name, "")
        for variable in variables()
        if variable.secret and variable.name != "SUPABASE_ANON_KEY"  # public by its nature
        for name in variable.names
    }
    return {value for value in values if len(value) >= SHORTEST_SECRET}


def _is_secret(value: str) -> bool:
    return _role(value) == "service_role" or _SECRET.match(value) is not None


def _role(key: str) -> str | None:
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
