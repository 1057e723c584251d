"""Naming licences in one vocabulary, knowing what they allow, and giving credit in words."""

import re
from collections.abc import Collection
from typing import Final, Literal, TypeAlias

_CREATIVE_COMMONS: Final = re.compile(r"^(?:cc-)?(by(?:-nc)?(?:-nd|-sa)?)(?:-\d.*)?$")
_PUBLIC_DOMAIN: Final = frozenset({"cc0", "pdm"})

UNKNOWN: Final = "unknown"
US_GOVERNMENT: Final = "us-government-work"
NO_KNOWN_RESTRICTIONS: Final = "no-known-restrictions"  # says nothing about permission

# What a licence may allow besides using the work as it is for oneself.
Use: TypeAlias = Literal["commercial", "modification"]

# Free licences, and those of sites that allow both uses.
_ALLOW_ALL: Final = _PUBLIC_DOMAIN | {US_GOVERNMENT, "gfdl", "fal", "pexels", "pixabay", "unsplash"}
_FORBIDS: Final[dict[Use, str]] = {"commercial": "nc", "modification": "nd"}


def allows(code: str | None, uses: Collection[Use]) -> bool:
    """Whether a licence allows all these uses, for certain: what is not known allows none."""
    if not uses or code in _ALLOW_ALL:
        return True
    terms = (code or UNKNOWN).split("-")
    return terms[0] == "by" and not any(_FORBIDS[use] in terms for use in uses)


def licence_code(name: str) -> str:
    """Openverse's code of a licence: cc-by-sa-4.0 and by-sa are by-sa, pd-old-100 is pdm.

    What is neither Creative Commons nor public domain keeps its name.
    """
    code = name.strip().lower().replace(" ", "-")
    if found := _CREATIVE_COMMONS.match(code):
        return found[1]
    if code.startswith(("cc0", "cc-zero")):
        return "cc0"
    if code == "pd" or code.startswith(("pd-", "pdm", "public-domain", "cc-pd")):
        return "pdm"
    return code[:50]


def attribution(
    *, code: str, name: str, title: str | None, creator: str | None, url: str | None
) -> str:
    """The credit line in the form that Openverse gives it."""
    public = code in _PUBLIC_DOMAIN or code in {US_GOVERNMENT, NO_KNOWN_RESTRICTIONS}
    words = [f'"{title}"' if title else "This work"]
    if creator:
        words.append(f"by {creator}")
    words.append(f"is {'marked with' if public else 'licensed under'} {name}.")
    if url:
        words.append(f"To view {'the terms' if public else 'a copy of this license'}, visit {url}.")
    return " ".join(words)
