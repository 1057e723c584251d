"""Secrets where everybody would see them: in the pages that the frontend's build makes."""

import re
from collections.abc import Mapping

from shared.app.settings.variables import variables
from shared.platform.settings.secrets import role_of

# What the frontend's build writes into its pages.
PUBLIC = "NEXT_PUBLIC_"
SHORTEST_SECRET = 8  # a shorter value may be another one's by chance
# Stripe's and Resend's secrets by their first letters; Stripe's public key begins with pk_.
_SECRET = re.compile(r"(?:(?:sk|rk)_(?:live|test)_|whsec_|re_)\w{16,}")


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
    values = {
        environment.get(name, "")
        for variable in variables()
        if variable.secret and variable.name != "SUPABASE_ANON_KEY"  # public by its nature
        for name in variable.names
    }
    return {value for value in values if len(value) >= SHORTEST_SECRET}


def _is_secret(value: str) -> bool:
    return role_of(value) == "service_role" or _SECRET.match(value) is not None
