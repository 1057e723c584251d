"""Addresses of pictures that people have uploaded themselves: their bytes are in storage."""

from hashlib import sha256
from typing import Final
from urllib.parse import quote, urlsplit
from uuid import UUID

SCHEME: Final = "upload://"  # nobody can list such an address: those of the web are http(s)


def address_of(key: UUID, path: str) -> str:
    """The address of the picture at this path of an upload."""
    return f"{SCHEME}{key}/{quote(path)}"


def blob_of(address: str) -> str | None:
    """Where the bytes of such an address are stored; None of another one."""
    if not address.startswith(SCHEME):
        return None
    return f"uploads/{urlsplit(address).netloc}/{sha256(address.encode()).hexdigest()}"
