"""Building the parts of an export: images into archives and tables, and the ends of files.

A part that is built twice, at once or after a crash, comes to the same blocks of the same blob.
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, Final, TypeVar
from zlib import crc32

from shared.datasets import building, export_repo, part_repo
from shared.datasets.build_papers import write_papers
from shared.datasets.export_files import blob_name
from shared.datasets.export_repo import Export
from shared.datasets.members import file_of, list_members, list_records
from shared.datasets.part_repo import StoredPart
from shared.datasets.summary import summarize
from shared.exports.arrow import TableWriter
from shared.exports.containers import Container, Entry, Tar, TarZst, Zip
from shared.exports.croissant import ExportFile
from shared.exports.inner_papers import InnerPapers, prefix
from shared.exports.model import File, Member, Options, Record, Summary, labels_of
from shared.exports.trees import TREES, Tree
from shared.imaging.reencode import encode
from shared.platform.data.blob import BlobStore
from shared.platform.data.block_writer import BlockWriter, block_names
from shared.platform.data.db import Database
from shared.platform.errors import Archived, NotFound

# Images that are fetched, or encoded anew, ahead of the one that is written.
AHEAD: Final = 16
AT_ONCE: Final = 1  # parts in a process: each may hold 100 MB
BYTES_AHEAD: Final = 8 * 2**20
Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class Builder:
    """What parts are built with; ``encoders`` are threads to encode images in."""

    database: Database
    blobs: BlobStore
    encoders: Executor
    home: str
    turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    # Always the same thread: the allocator keeps what was freed for each one apart.
    writer: Executor = field(default_factory=lambda: ThreadPoolExecutor(1))

    async def build(self, export_id: int, attempt: int, number: int) -> None:
        """Builds a part of a running attempt, unless it is done.

        Where storage has archived an image of it, the attempt goes back to waiting for it.

        Raises:
            Unavailable: the database or storage does not answer.
        """
        async with self.database.transaction() as transaction:
            found = await export_repo.list_exports(transaction, export_id=export_id)
            parts = await part_repo.list_parts(transaction, export_id, number=number)
        if not found or not building.runs_as(found[0], attempt) or not parts or parts[0].result:
            return
        try:
            async with self.turn:
                result = await self._build(found[0], parts[0])
        except NotFound:
            reason = "A stored image of the version is gone: make a new version."
            async with self.database.transaction() as transaction:
                await building.finish(transaction, export_id, attempt, failure=reason)
            return
        except Archived:
            async with self.database.transaction() as transaction:
                await export_repo.set_restoring(transaction, export_id, attempt, restoring=True)
            return
        async with self.database.transaction() as transaction:
            await part_repo.finish_part(transaction, export_id, number, result)

    async def _build(self, export: Export, part: StoredPart) -> dict[str, Any]:
        work = _Work(self, export, Options.from_json(export.options), labels_of(export.counts))
        if part.stage == building.IMAGES:
            return await work.write_images(part)
        # It looks at all images: a part that has some of them must not.
        async with self.database.transaction() as transaction:
            summary = await summarize(transaction, export)
        if part.stage == building.FILE_END:
            return await work.end_file(part, summary)
        return await write_papers(self.database, self.blobs, export, summary, self.home)


@dataclass(frozen=True, slots=True)
class _Work:
    """One part of one export."""

    builder: Builder
    export: Export
    options: Options
    labels: list[str]

    async def write_images(self, part: StoredPart) -> dict[str, Any]:
        """Writes the images of a part; their files, and how many blocks they take."""
        # A table is one part: so its hash is that of the file.
        writer = self._writer(part.file, part.number, hashed=self.options.format == "parquet")
        files: list[File] = []
        if self.options.format == "parquet":
            write = partial(_to_table, TableWriter(self.labels, images=True), self._tree())
        else:
            inside = prefix(self.options, part.file.partition(".")[0])
            write = partial(_to_archive, self._container(), self._tree(), inside)
        async for member, body in self._images(part):
            files.append(member.file)
            await writer.write(await self._run(write, member, body))
        await writer.write(await self._run(write, None, b""))
        await writer.close()
        images = [list(asdict(file).values()) for file in files]
        digest = writer.digest.hexdigest()
        return {"blocks": writer.blocks, "size": writer.size, "sha256": digest, "images": images}

    async def end_file(self, part: StoredPart, summary: Summary) -> dict[str, Any]:
        """Writes what comes after a file's images, and makes the file of all its parts."""
        database, export = self.builder.database, self.export
        async with database.transaction() as transaction:
            parts = await part_repo.list_parts(
                transaction, export.id, file=part.file, stage=building.IMAGES
            )
        writer = self._writer(part.file, part.number)
        position = sum(each.result["size"] for each in parts if each.result)
        if self.options.format != "parquet":
            await self._end_archive(part, summary, writer, position)
        blocks = [
            name for each in parts if each.result
            for name in block_names(each.number, each.result["blocks"])
        ]  # fmt: skip
        name = blob_name(export, part.file)
        media_type = ExportFile(part.file, 0, "").media_type
        await self.builder.blobs.join(
            name, [*blocks, *block_names(part.number, writer.blocks)], media_type
        )
        size = position + writer.size
        if self.options.format == "parquet":
            (only,) = [each.result["sha256"] for each in parts if each.result]
            return {"files": [{"name": part.file, "bytes": size, "sha256": only}]}
        sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
        async for piece in self.builder.blobs.pieces(name):
            await asyncio.to_thread(sha256.update, piece)
            if self.options.format == "webdataset":
                await asyncio.to_thread(md5.update, piece)
        images = part.last - part.first + 1
        stats = {"count": images, "successes": images, "md5": md5.hexdigest()}
        file = {"name": part.file, "bytes": size, "sha256": sha256.hexdigest()}
        return {"files": [file], "stats": stats}

    async def _end_archive(
        self, part: StoredPart, summary: Summary, writer: BlockWriter, position: int
    ) -> None:
        container, tree = self._container(), self._tree()
        if self.options.format != "webdataset":
            with InnerPapers(self.options, summary, tree, part.file.partition(".")[0]) as papers:
                async for members in list_members(self.builder.database, self.export):
                    container.note(await self._run(papers.add, members))
                async for name, paper in self._each(papers.end()):
                    entry = Entry(name, paper.size, paper.crc32)
                    async for data in self._each(container.add(entry, paper.pieces())):
                        await writer.write(data)
        await writer.write(await self._run(container.end, position + writer.size))
        await writer.close()

    async def _images(self, part: StoredPart) -> AsyncIterator[tuple[Member, bytes]]:
        """The images of a part with their bytes, in order, some of them fetched ahead."""
        records = await list_records(self.builder.database, self.export, part.first, part.last)
        ahead: deque[tuple[Record, asyncio.Task[tuple[Member, bytes]]]] = deque()
        waiting = 0
        try:
            for record in records:
                ahead.append((record, asyncio.create_task(self._image(record))))
                waiting += record.bytes
                while len(ahead) > AHEAD or waiting > BYTES_AHEAD:
                    done, task = ahead.popleft()
                    waiting -= done.bytes
                    yield await task
            while ahead:
                yield await ahead.popleft()[1]
        finally:
            for _, task in ahead:
                task.cancel()
            await asyncio.gather(*(task for _, task in ahead), return_exceptions=True)

    async def _image(self, record: Record) -> tuple[Member, bytes]:
        body = await self.builder.blobs.get(record.blob_name)
        encoding = self.options.encoding
        if encoding is None:
            file = file_of(record, crc=crc32(body))
            return Member(record, file), body
        loop = asyncio.get_running_loop()
        made = await loop.run_in_executor(self.builder.encoders, encode, body, encoding)
        sha256 = hashlib.sha256(made.body).hexdigest()
        file = File(
            encoding.format, sha256, len(made.body), made.width, made.height, crc32(made.body)
        )
        return Member(record, file), made.body

    async def _each(self, made: Iterator[Done]) -> AsyncIterator[Done]:
        """The same items, each made where it makes nobody wait."""
        while (item := await self._run(next, made, None)) is not None:
            yield item

    async def _run(self, function: Callable[..., Done], *arguments: Any) -> Done:
        """Compressing takes milliseconds, and others wait for the loop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.builder.writer, function, *arguments)

    def _writer(self, file: str, number: int, *, hashed: bool = False) -> BlockWriter:
        name = blob_name(self.export, file)
        return BlockWriter(self.builder.blobs, name, number, hashed=hashed)

    def _tree(self) -> Tree:
        return TREES.get(self.options.format, TREES["imagefolder"])(self.labels)

    def _container(self) -> Container:
        if self.options.format == "webdataset":
            return Tar()
        return Zip() if self.options.archive == "zip" else TarZst(self.options.level)


def _to_table(table: TableWriter, tree: Tree, member: Member | None, body: bytes) -> bytes:
    if member is None:
        return table.end()
    return table.add(member, tree.name(member.record, member.file.extension), body)


def _to_archive(
    container: Container, tree: Tree, inside: str, member: Member | None, body: bytes
) -> bytes:
    if member is None:
        return container.end_part()
    return b"".join(
        piece
        for name, content in tree.files(member, body)
        for piece in container.add(Entry.of(inside + name, content), [content])
    )
