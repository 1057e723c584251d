"""Keyset pages: newest first, stable while rows are inserted."""

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Generic, TypeAlias, TypeVar
from uuid import UUID

from pydantic import Field, PrivateAttr

from shared.platform.errors import Invalid
from shared.platform.model import Input, Model

Item = TypeVar("Item")

Instant: TypeAlias = tuple[datetime, UUID]  # the place of a row whose id says nothing of its age

FIRST_PAGE = 2**63 - 1  # above every id: a page starts below its cursor
LATEST: Instant = (datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1))
UNTOLD = (os.urandom(16),)  # the secret of cursors whose query was told none: of this process alone


class PageQuery(Input):
    """Which page of a list: ``limit`` rows below ``cursor``."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str | None, Field(max_length=200)] = None
    _path: str = PrivateAttr("")
    _secrets: Sequence[bytes] = PrivateAttr(UNTOLD)

    def of(self, path: str, secrets: Sequence[bytes] = UNTOLD) -> None:
        """Says which list is asked for, and what its cursors are sealed with: the first secret.

        A cursor of another list or of other filters is none; one with a later secret is one.
        """
        self._path, self._secrets = path, secrets

    @property
    def below(self) -> int:
        """The id under which the page starts.

        Raises:
            Invalid: the cursor was not made by this service.
        """
        if self.cursor is None:
            return FIRST_PAGE
        value = self._open(self.cursor)
        if not value.isdigit():
            raise _not_a_cursor()
        return int(value)

    @property
    def before(self) -> Instant:
        """The moment and id under which the page of a list in order of time starts.

        Raises:
            Invalid: the cursor was not made by this service.
        """
        if self.cursor is None:
            return LATEST
        moment, separator, row_id = self._open(self.cursor).partition("/")
        if not separator:
            raise _not_a_cursor()
        return datetime.fromisoformat(moment), UUID(row_id)

    def cursor_at(self, position: int | Instant) -> str:
        """The cursor of the page that starts there."""
        if isinstance(position, int):
            value = str(position).encode()
        else:
            moment, row_id = position
            value = f"{moment.isoformat()}/{row_id}".encode()
        return base64.urlsafe_b64encode(self._seals(value)[0] + value).rstrip(b"=").decode()

    def _open(self, cursor: str) -> str:
        try:
            raw = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
        except (binascii.Error, ValueError):
            raw = b""
        seal, value = raw[:8], raw[8:]
        if not value or not any(hmac.compare_digest(seal, ours) for ours in self._seals(value)):
            raise _not_a_cursor()
        return value.decode()

    def _seals(self, value: bytes) -> list[bytes]:
        """The seal with each secret, for this list with its filters."""
        place = self._path + self.model_dump_json(exclude={"limit", "cursor"})
        content = b"cursor:" + place.encode() + b"\0" + value
        return [hmac.digest(secret, content, hashlib.sha256)[:8] for secret in self._secrets]


class PageMeta(Model):
    """How the page was cut and where the next one starts."""

    limit: int
    next_cursor: str | None


class Page(Model, Generic[Item]):
    """One page of a list."""

    data: list[Item]
    meta: PageMeta


def make_page(
    rows: Sequence[Item], query: PageQuery, key: Callable[[Item], int | Instant]
) -> Page[Item]:
    """The page of ``rows``, fetched with one row more than ``query.limit``."""
    data = list(rows[: query.limit])
    more = len(rows) > query.limit
    cursor = query.cursor_at(key(data[-1])) if more else None
    return Page(data=data, meta=PageMeta(limit=query.limit, next_cursor=cursor))


def _not_a_cursor() -> Invalid:
    field = {"loc": ["query", "cursor"], "msg": "not a cursor of this list", "type": "cursor"}
    return Invalid("Invalid: cursor.", errors=[field])
