"""Bringing back what storage has archived of an export's images, before the export is built.

That takes hours: the export's orchestration looks again and again until all of them are there.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from shared.datasets import building, content_repo, export_repo
from shared.datasets.export_repo import Export
from shared.datasets.run import EXPORT
from shared.exports.contact_sheet import COLUMNS, ROWS
from shared.exports.model import labels_of
from shared.platform.data.blob import BlobStore
from shared.platform.data.blob_tiers import (
    Tier,
    keep_readable,
    list_tiers,
    may_be_archived,
    restore,
)
from shared.platform.data.db import Database, Transaction
from shared.runs import service as runs

PAUSE_SECONDS: Final = 1800  # storage needs up to 15 hours
WORK_SECONDS: Final = 300  # of one look: a million images are asked for in several
NEXT_SECONDS: Final = 1
WITHOUT_IMAGES: Final = ("labels", "files")  # but for those that their contact sheet shows


@dataclass(frozen=True, slots=True)
class Restorer:
    """Looks after the images of exports, where storage archives those unread for so many days."""

    database: Database
    blobs: BlobStore
    archived_after: int

    async def begin(self, export_id: int, attempt: int) -> None:
        """Has a running attempt wait, if its dataset is old enough and some of it is archived.

        Raises:
            Unavailable: the database or storage does not answer.
        """
        export = await self._find(export_id, attempt)
        if export and may_be_archived(export.job_created_at, self.archived_after):
            await self.restore(export_id, attempt)

    async def restore(self, export_id: int, attempt: int) -> int:
        """Asks storage for what it has archived of a running attempt's images.

        In how many seconds it is worth looking again; 0 when all of them are there, or the attempt
        is over.

        Raises:
            Unavailable: the database or storage does not answer.
        """
        export = await self._find(export_id, attempt)
        if export is None:
            return 0
        seconds = await self._look(export)
        async with self.database.transaction() as transaction:
            await note(transaction, export_id, attempt, seconds)
        return seconds

    async def _find(self, export_id: int, attempt: int) -> Export | None:
        async with self.database.transaction() as transaction:
            found = await export_repo.list_exports(transaction, export_id=export_id)
        return found[0] if found and building.runs_as(found[0], attempt) else None

    async def _look(self, export: Export) -> int:
        time = asyncio.get_running_loop().time
        ends, waits = time() + WORK_SECONDS, False
        shown = await self._shown(export)
        async for page in list_tiers(self.blobs, f"jobs/{export.job_id}/images/"):
            tiers = await self._needed(export, [t for t in page if t.archived or t.unread], shown)
            waits = waits or any(tier.archived for tier in tiers)
            asked = [tier.name for tier in tiers if tier.archived and not tier.asked]
            await restore(self.blobs, asked)
            late = time() > ends
            if late and asked:
                return NEXT_SECONDS
            if not late:
                await keep_readable(self.blobs, [tier.name for tier in tiers if tier.unread])
        return PAUSE_SECONDS if waits else 0

    async def _shown(self, export: Export) -> set[str] | None:
        """The blobs that the export needs; None for all of its version."""
        if export.options["format"] not in WITHOUT_IMAGES:
            return None
        labels = labels_of(export.counts)[:ROWS]
        async with self.database.transaction() as transaction:
            first = await content_repo.list_first_of(
                transaction, export.version_id, labels, each=COLUMNS
            )
        return {name for _, name in first}

    async def _needed(
        self, export: Export, tiers: list[Tier], shown: set[str] | None
    ) -> list[Tier]:
        """Those of images that the export needs: a job may have more of them."""
        needed = shown
        if needed is None and tiers:
            async with self.database.transaction() as transaction:
                needed = await content_repo.list_blobs(
                    transaction, export.version_id, export.job_id, [tier.name for tier in tiers]
                )
        return [tier for tier in tiers if tier.name in (needed or ())]


async def note(transaction: Transaction, export_id: int, attempt: int, seconds: int) -> None:
    """Notes whether a running attempt waits, and that nothing is heard of it until it looks again.

    ``seconds`` of 0: it does not.
    """
    await export_repo.set_restoring(transaction, export_id, attempt, restoring=seconds > 0)
    await runs.hear(transaction, EXPORT, export_id, silent_for=seconds)
