"""Blobs that storage's lifecycle has archived: which they are, and how they become readable again.

An archived blob cannot be read, nor written again. Storage brings it back within 15 hours of being
asked; until then its tier is still that of the archive.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from shared.platform.data.blob import LIST_BATCH, BlobStore
from shared.platform.data.blob_errors import BEING_RESTORED
from shared.platform.errors import Archived, NotFound
from shared.platform.net.retry import REQUEST_SECONDS

if TYPE_CHECKING:
    from azure.storage.blob import BlobProperties

ARCHIVE: Final = "Archive"
HOT: Final = "Hot"
READ_AT_ONCE: Final = 32
# There already, begun, or gone.
_RESTORED: Final = frozenset({200, 202, 404})


@dataclass(frozen=True, slots=True)
class Tier:
    """Where storage keeps a blob.

    ``asked``: it is being brought back. ``unread``: it is back, and nobody has read it since.
    """

    name: str
    archived: bool
    asked: bool
    unread: bool


def may_be_archived(written: datetime, after_days: int) -> bool:
    """Whether storage may have archived what was written then; with 0 days it archives nothing.

    Rows are written after their blobs: a day is more than enough for that.
    """
    return after_days > 0 and datetime.now(UTC) - written >= timedelta(days=after_days - 1)


async def find_tier(blobs: BlobStore, name: str) -> Tier | None:
    """The tier of a blob, if there is one of that name.

    Raises:
        Unavailable: storage refused it or did not answer.
    """
    from azure.core.exceptions import ResourceNotFoundError

    blob = blobs.container().get_blob_client(name)

    async def ask() -> Tier | None:
        try:
            return _tier(await blob.get_blob_properties())
        except ResourceNotFoundError:
            return None

    return await blobs.tried(ask, seconds=REQUEST_SECONDS)


async def bring_back(blobs: BlobStore, name: str) -> bool:
    """Whether a blob is archived; then storage has been asked to bring it back, once.

    Raises:
        Unavailable: storage refused it or did not answer.
    """
    tier = await find_tier(blobs, name)
    if tier is None or not tier.archived:
        return False
    if not tier.asked:
        await restore(blobs, [name])
    return True


async def list_tiers(blobs: BlobStore, prefix: str) -> AsyncIterator[list[Tier]]:
    """The tiers of all blobs under ``prefix``, up to 1,000 at a time.

    Raises:
        Unavailable: storage refused it or did not answer.
    """
    listed = blobs.container().list_blobs(name_starts_with=prefix, results_per_page=LIST_BATCH)
    pages = listed.by_page()
    while page := await blobs.tried(lambda: anext(pages, None)):
        yield [_tier(blob) async for blob in page]


async def restore(blobs: BlobStore, names: Sequence[str]) -> None:
    """Asks storage to bring archived blobs back; asked again, it changes nothing.

    Raises:
        Unavailable: storage refused some of it or did not answer.
    """
    ask = partial(blobs.container().set_standard_blob_tier_blobs, HOT)
    await blobs.ask_each("restored", names, ask, _is_restored)


def _is_restored(answer: Any) -> bool:
    being_restored: bool = answer.headers.get("x-ms-error-code") == BEING_RESTORED
    return being_restored or answer.status_code in _RESTORED


async def keep_readable(blobs: BlobStore, names: Sequence[str]) -> None:
    """Reads a byte of each blob, for storage archives again what had no reader since it is back.

    Raises:
        Unavailable: storage refused some of it or did not answer.
    """

    async def read(name: str) -> None:
        with suppress(NotFound, Archived):
            await blobs.read(name, 0, 1)

    for start in range(0, len(names), READ_AT_ONCE):
        await asyncio.gather(*map(read, names[start : start + READ_AT_ONCE]))


def _tier(blob: "BlobProperties") -> Tier:
    changed, read = blob.blob_tier_change_time, blob.last_accessed_on
    unread = changed is not None and (read is None or read < changed)
    return Tier(
        blob.name,
        archived=blob.blob_tier == ARCHIVE,
        asked=bool(blob.archive_status),
        unread=blob.blob_tier == HOT and unread,
    )
