"""Keyset pages: newest first, stable while rows are inserted."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from shared.platform.errors import Invalid
from shared.platform.settings import get_settings

Item = TypeVar("Item")

FIRST_PAGE = 2**63 - 1  # above every id: a page starts below its cursor


class PageQuery(BaseModel):
    """Which page of a list: ``limit`` rows below ``cursor``."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str | None, Field(max_length=200)] = None

    @property
    def below(self) -> int:
        """The id under which the page starts.

        Raises:
            Invalid: the cursor was not made by this service.
        """
        return FIRST_PAGE if self.cursor is None else _open_cursor(self.cursor)


class PageMeta(BaseModel):
    """How the page was cut and where the next one starts."""

    limit: int
    next_cursor: str | None


class Page(BaseModel, Generic[Item]):
    """One page of a list."""

    data: list[Item]
    meta: PageMeta


def make_page(rows: Sequence[Item], query: PageQuery, key: Callable[[Item], int]) -> Page[Item]:
    """The page of ``rows``, fetched with one row more than ``query.limit``."""
    data = list(rows[: query.limit])
    more = len(rows) > query.limit
    cursor = _seal_cursor(key(data[-1])) if more else None
    return Page(data=data, meta=PageMeta(limit=query.limit, next_cursor=cursor))


def _seal_cursor(position: int) -> str:
    value = str(position).encode()
    return base64.urlsafe_b64encode(_sign(value) + value).rstrip(b"=").decode()


def _open_cursor(cursor: str) -> int:
    try:
        raw = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
    except (binascii.Error, ValueError):
        raw = b""
    seal, value = raw[:8], raw[8:]
    if not value or not hmac.compare_digest(seal, _sign(value)):
        field = {"loc": ["query", "cursor"], "msg": "not a cursor of this list", "type": "cursor"}
        raise Invalid("Invalid: cursor.", errors=[field])
    return int(value)


def _sign(value: bytes) -> bytes:
    pepper = get_settings().api_key_pepper.get_secret_value().encode()
    return hmac.digest(pepper, b"cursor:" + value, hashlib.sha256)[:8]
