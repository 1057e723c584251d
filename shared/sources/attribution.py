"""Naming licences in one vocabulary, and giving credit in words."""

import re
from typing import Final

_CREATIVE_COMMONS: Final = re.compile(r"^(?:cc-)?(by(?:-nc)?(?:-nd|-sa)?)(?:-\d.*)?$")
_PUBLIC_DOMAIN: Final = frozenset({"cc0", "pdm"})


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
    public = code in _PUBLIC_DOMAIN
    words = [f'"{title}"' if title else "This work"]
    if creator:
        words.append(f"by {creator}")
    words.append(f"is {'marked with' if public else 'licensed under'} {name}.")
    if url:
        words.append(f"To view {'the terms' if public else 'a copy of this license'}, visit {url}.")
    return " ".join(words)
