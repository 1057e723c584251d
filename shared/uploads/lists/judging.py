"""Which records of a list can be crawled."""

from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal, TypeAlias
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from shared.crawl.labels import Label, fold
from shared.platform.model import WebAddress
from shared.platform.net.address_guard import AddressGuard, BlockedAddress
from shared.sources.uploaded import address_of
from shared.uploads.archives import Fault, Member
from shared.uploads.lists.model import Record

Reason: TypeAlias = (
    Literal["no_url", "not_http", "not_a_url", "blocked_address", "bad_label", "duplicate"] | Fault
)
LONGEST_CAPTION: Final = 1000
LONGEST_LICENSE: Final = 100
SHOWN: Final = 200  # characters of what is wrong
_ADDRESS: Final[TypeAdapter[str]] = TypeAdapter(WebAddress)
_LABEL: Final[TypeAdapter[str]] = TypeAdapter(Label)


@dataclass(frozen=True, slots=True)
class Row:
    """A record that can be crawled; equal URLs have equal hashes, labels that are alike one key."""

    line: int
    url: str
    url_hash: bytes
    caption: str | None
    license: str | None
    label: str | None
    label_key: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A record that cannot be crawled, and why."""

    line: int
    reason: Reason
    value: str


class Judge:
    """The rules for all lists; ``allowed`` are private addresses that are open all the same."""

    def __init__(self, allowed: Collection[str]) -> None:
        self._guard = AddressGuard(allowed)

    def judge(self, record: Record) -> Row | Problem:
        """What can be crawled of the record, or why nothing can be."""
        url = record.url.strip()
        if reason := self._find_fault(url):
            return Problem(record.line, reason, _clean(url[:SHOWN]))
        return _row(record, url)

    def _find_fault(self, url: str) -> Reason | None:
        if not url:
            return "no_url"
        try:
            _ADDRESS.validate_python(url)
        except ValidationError:
            return "not_a_url" if _is_http(url) else "not_http"
        try:
            self._guard.check_url(url)
        except BlockedAddress:
            return "blocked_address"
        return None


def judge_member(member: Member, key: UUID) -> Row | Problem:
    """What can be used of a file of the upload with that key, or why nothing can be."""
    if member.fault:
        return Problem(member.number, member.fault, _clean(member.path[:SHOWN]))
    record = Record(member.number, label=member.label)
    return _row(record, address_of(key, member.path))


def _row(record: Record, url: str) -> Row | Problem:
    label = _clean(record.label or "")
    try:
        label = _LABEL.validate_python(label) if label else ""
    except ValidationError:
        return Problem(record.line, "bad_label", _clean(label[:SHOWN]))
    return Row(
        line=record.line,
        url=url,
        url_hash=sha256(url.encode()).digest(),
        caption=_clean(record.caption or "")[:LONGEST_CAPTION] or None,
        license=_clean(record.license or "")[:LONGEST_LICENSE] or None,
        label=label or None,
        label_key=fold(label),
    )


def _is_http(url: str) -> bool:
    """Also of what is no address at all: it has no other scheme."""
    try:
        return urlsplit(url).scheme in ("http", "https", "")
    except ValueError:
        return True


def _clean(text: str) -> str:
    """Without what PostgreSQL's text cannot hold: NUL and lone surrogates."""
    return text.replace("\0", "").encode(errors="ignore").decode().strip()
