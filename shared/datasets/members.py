"""The images of an export with their files, a batch at a time."""

from collections.abc import AsyncIterator

from shared.datasets import content_repo, part_repo
from shared.datasets.export_repo import Export
from shared.exports.model import File, Member, Record
from shared.platform.data.db import Database
from shared.platform.errors import NotFound

IMAGES = 0  # the stage of the parts that have images in them
BATCH = 1000
_EXTENSIONS = {"jpeg": "jpg"}


async def list_members(database: Database, export: Export) -> AsyncIterator[list[Member]]:
    """All images of an export, in order.

    Where it has no images in it, their files are those that are stored. No transaction is open
    while the caller works on a batch.

    Raises:
        NotFound: images of the version were deleted, or the export was.
    """
    async with database.transaction() as transaction:
        parts = await part_repo.list_parts(transaction, export.id, stage=IMAGES)
    if not parts:
        images = sum(sum(labels.values()) for labels in export.counts.values())
        for start in range(0, images, BATCH):
            records = await list_records(database, export, start, min(start + BATCH, images) - 1)
            yield [Member(record, file_of(record)) for record in records]
    for part in parts:
        records = await list_records(database, export, part.first, part.last)
        async with database.transaction() as transaction:
            files = await part_repo.list_files(transaction, export.id, part.number)
        if len(files) != len(records):
            raise NotFound("The export was deleted.")
        yield [Member(record, File(*file)) for record, file in zip(records, files, strict=True)]


async def list_records(database: Database, export: Export, first: int, last: int) -> list[Record]:
    """The images from one position to another, in order.

    Raises:
        NotFound: some of them were deleted.
    """
    async with database.transaction() as transaction:
        records = await content_repo.list_records(transaction, export.version_id, first, last)
    if len(records) != last - first + 1:
        raise NotFound("Images of the version were deleted.")
    return records


def file_of(record: Record, *, crc: int = 0) -> File:
    """The stored file of an image."""
    extension = _EXTENSIONS.get(record.format, record.format)
    return File(extension, record.sha256, record.bytes, record.width, record.height, crc)
