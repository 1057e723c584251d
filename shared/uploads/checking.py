"""Reading the file of an upload, batch by batch."""

import asyncio
import io
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Final

from shared.platform.data.blob import BlobStore
from shared.platform.data.blob_file import BlobFile
from shared.platform.data.db import Database, Transaction
from shared.platform.errors import NotFound
from shared.runs import service as runs
from shared.sources.uploaded import blob_of
from shared.uploads import repo, rows_repo
from shared.uploads.archives import Member, read_archive
from shared.uploads.lists.judging import Judge, Problem, Row, judge_member
from shared.uploads.lists.model import ListFault, Record
from shared.uploads.lists.reading import OpenList, open_list
from shared.uploads.lists.text import BUFFER
from shared.uploads.repo import Upload
from shared.uploads.run import UPLOAD

BATCH: Final = 5_000  # records that are read, judged and stored at a time
IMAGES_AT_ONCE: Final = 100
BYTES_AT_ONCE: Final = 32 * 2**20
PROBLEMS_KEPT: Final = 100
CHANGED: Final = "The file was changed while it was read."


@dataclass(frozen=True, slots=True)
class Checker:
    """Reads uploads with the process's connections.

    A batch is stored together with how far the file was read then: killed in between it goes on
    there, and what is delivered twice stores each batch once.
    """

    database: Database
    blobs: BlobStore
    allowed_hosts: Collection[str]

    async def check(self, upload_id: int, attempt: int) -> str | None:
        """Reads the file of a running attempt; why it cannot be used, if so.

        Raises:
            Unavailable: database or storage do not answer; it goes on there next time.
        """
        async with self.database.transaction() as transaction:
            upload = await repo.lock_upload(transaction, upload_id)
        if upload is None or not upload.runs(attempt):
            return None
        try:
            size, etag = await self.blobs.measure(upload.blob_name)
        except NotFound:
            return "Nothing was uploaded."
        if size != upload.size:
            return f"The file has {size:,} bytes, not the {upload.size:,} that were announced."
        if upload.etag not in (None, etag):
            return CHANGED
        try:
            await self._read(upload, BlobFile(self.blobs, upload.blob_name, size=size, etag=etag))
        except ListFault as fault:
            return str(fault)
        except NotFound:
            return CHANGED
        return None

    async def _read(self, upload: Upload, file: BlobFile) -> None:
        buffered: io.BufferedReader = io.BufferedReader(file, BUFFER)
        if upload.kind == "images":
            await self._note_file(upload, file, "archive")
            await self._read_images(upload, read_archive(buffered, skip=upload.records))
            return
        opened: OpenList = await asyncio.to_thread(open_list, buffered, upload.filename)
        await self._note_file(upload, file, opened.format)
        judge = Judge(self.allowed_hosts)
        begin = upload.records
        records = islice(opened.records, begin, None)
        while batch := await asyncio.to_thread(_judged, judge, records):
            if not await self._store(upload, begin, batch):
                return
            begin += len(batch)

    async def _read_images(self, upload: Upload, members: Iterator[Member]) -> None:
        """Puts pictures into storage before their rows say that they are there."""
        begin = upload.records
        while read := await asyncio.to_thread(_next_members, members):
            batch = [judge_member(member, upload.key) for member in read]
            bodies = {
                judged.url: member.body
                for member, judged in zip(read, batch, strict=True)
                if isinstance(judged, Row)
            }
            await asyncio.gather(
                *(
                    self.blobs.put(str(blob_of(url)), body, "application/octet-stream")
                    for url, body in bodies.items()
                )
            )
            if not await self._store(upload, begin, batch):
                return
            begin += len(batch)

    async def _note_file(self, upload: Upload, file: BlobFile, form: str) -> None:
        async with self.database.transaction() as transaction:
            await repo.note_file(transaction, upload.id, etag=file.etag, format_=form)

    async def _store(self, upload: Upload, begin: int, batch: list[Row | Problem]) -> bool:
        """Stores a batch unless that was done; whether the upload is still wanted."""
        async with self.database.transaction() as transaction:
            now = await repo.lock_upload(transaction, upload.id)
            if now is None or not now.runs(upload.attempt):
                return False
            if now.records == begin:
                await _add(transaction, now, batch)
            await runs.hear(transaction, UPLOAD, upload.id)
        return True


def _next_members(members: Iterator[Member]) -> list[Member]:
    """The next files, as many as make a batch that fits into memory."""
    batch: list[Member] = []
    size = 0
    while len(batch) < IMAGES_AT_ONCE and size < BYTES_AT_ONCE and (one := next(members, None)):
        batch.append(one)
        size += len(one.body)
    return batch


def _judged(judge: Judge, records: Iterator[Record]) -> list[Row | Problem]:
    """The next records, as many as make a batch; costs CPU."""
    return [judge.judge(record) for record in islice(records, BATCH)]


async def _add(transaction: Transaction, upload: Upload, batch: list[Row | Problem]) -> None:
    """Stores a batch of a locked upload."""
    rows = [
        (position, judged)
        for position, judged in enumerate(batch, upload.records)
        if isinstance(judged, Row)
    ]
    repeated = await rows_repo.insert_rows(transaction, upload.id, rows)
    problems = [judged for judged in batch if isinstance(judged, Problem)]
    problems += [
        Problem(row.line, "duplicate", row.url[:200])
        for position, row in rows
        if position in repeated
    ]
    problems.sort(key=lambda problem: problem.line)
    counts = Counter(upload.rejected)
    counts.update(problem.reason for problem in problems)
    kept = upload.problems + [asdict(problem) for problem in problems]
    await repo.note_progress(
        transaction,
        upload.id,
        records=upload.records + len(batch),
        rows=upload.rows + len(rows) - len(repeated),
        rejected=dict(counts),
        problems=kept[:PROBLEMS_KEPT],
    )
