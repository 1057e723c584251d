"""Keyset pages: newest first, stable while rows are inserted."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Generic, TypeAlias, TypeVar
from uuid import UUID

from pydantic import Field, PrivateAttr

from shared.platform import settings
from shared.platform.errors import Invalid
from shared.platform.model import Input, Model

Item = TypeVar("Item")

Instant: TypeAlias = tuple[datetime, UUID]  # the place of a row whose id says nothing of its age

FIRST_PAGE = 2**63 - 1  # above every id: a page starts below its cursor
LATEST: Instant = (datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1))


class PageQuery(Input):
    """Which page of a list: ``limit`` rows below ``cursor``."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str | None, Field(max_length=200)] = None
    _path: str = PrivateAttr("")

    def of(self, path: str) -> None:
        """Says which list is asked for: a cursor of another one, or of other filters, is none."""
        self._path = path

    @property
    def place(self) -> str:
        """The list with its filters, which its cursors are sealed for."""
        return self._path + self.model_dump_json(exclude={"limit", "cursor"})

    @property
    def below(self) -> int:
        """The id under which the page starts.

        Raises:
            Invalid: the cursor was not made by this service.
        """
        if self.cursor is None:
            return FIRST_PAGE
        value = _open_cursor(self.cursor, self.place)
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
        moment, separator, row_id = _open_cursor(self.cursor, self.place).partition("/")
        if not separator:
            raise _not_a_cursor()
        return datetime.fromisoformat(moment), UUID(row_id)


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
    cursor = _seal_cursor(key(data[-1]), query.place) if more else None
    return Page(data=data, meta=PageMeta(limit=query.limit, next_cursor=cursor))


def _seal_cursor(position: int | Instant, place: str) -> str:
    if isinstance(position, int):
        value = str(position).encode()
    else:
        moment, row_id = position
        value = f"{moment.isoformat()}/{row_id}".encode()
    return base64.urlsafe_b64encode(_seals(value, place)[0] + value).rstrip(b"=").decode()


def _open_cursor(cursor: str, place: str) -> str:
    try:
        raw = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
    except (binascii.Error, ValueError):
        raw = b""
    seal, value = raw[:8], raw[8:]
    if not value or not any(hmac.compare_digest(seal, ours) for ours in _seals(value, place)):
        raise _not_a_cursor()
    return value.decode()


def _not_a_cursor() -> Invalid:
    field = {"loc": ["query", "cursor"], "msg": "not a cursor of this list", "type": "cursor"}
    return Invalid("Invalid: cursor.", errors=[field])


def _seals(value: bytes, place: str) -> list[bytes]:
    """The seal with each of our secrets, the current one first."""
    content = b"cursor:" + place.encode() + b"\0" + value
    peppers = settings.get_settings().peppers
    return [hmac.digest(pepper, content, hashlib.sha256)[:8] for pepper in peppers]
