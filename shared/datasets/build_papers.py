"""The papers of an export: what lies beside its archives and tables."""

import asyncio
import hashlib
import json
from collections import Counter
from typing import Any, Final

from shared.datasets import content_repo, part_repo, reports, versions
from shared.datasets.export_files import MANIFEST, STATS, blob_name, labels_name
from shared.datasets.export_repo import Export
from shared.datasets.members import list_members
from shared.exports.arrow import TableWriter
from shared.exports.card import dataset_card
from shared.exports.contact_sheet import COLUMNS, ROWS, ContactSheet
from shared.exports.croissant import TABLE, ExportFile, croissant
from shared.exports.label_files import LabelWriter
from shared.exports.licences import ATTRIBUTION, credit_line, licenses_page
from shared.exports.model import Options, Summary
from shared.exports.table import json_line, row_of
from shared.exports.trees import TREES
from shared.platform.data.blob import BlobStore
from shared.platform.data.block_writer import BlockWriter
from shared.platform.data.db import Database

FILE_END: Final = 1
_LOAD: Final = """from datasets import load_dataset

dataset = load_dataset("path/to/this/folder")"""
_LOAD_UNPACKED: Final = """from datasets import load_dataset  # after unpacking

dataset = load_dataset("imagefolder", data_dir="path/to/this/folder")"""
_LOADS: Final = {
    "imagefolder": _LOAD,
    "webdataset": _LOAD,
    "parquet": _LOAD,
    "coco": """from pycocotools.coco import COCO  # after unpacking

dataset = COCO("annotations/instances_train.json")""",
    "yolo": """from ultralytics import YOLO  # after unpacking

YOLO("yolo11n-cls.pt").train(data="path/to/this/folder")""",
    "labels": """import pandas

labels = pandas.read_json("images.jsonl", lines=True)""",
    "files": """import pandas

images = pandas.read_parquet("manifest.parquet")""",
}
_JSON: Final = "application/json"
_MARKDOWN: Final = "text/markdown; charset=utf-8"


async def write_papers(
    database: Database, blobs: BlobStore, export: Export, summary: Summary, home: str
) -> dict[str, Any]:
    """Writes the papers; ``files`` are they. Written again they have the same bytes."""
    papers = _Papers(database, blobs, export, summary)
    return {"files": await papers.write(home)}


class _Papers:
    """The papers, written one after the other; ``files`` are those that are there."""

    def __init__(
        self, database: Database, blobs: BlobStore, export: Export, summary: Summary
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._export = export
        self._summary = summary
        self._options = Options.from_json(export.options)
        self._tree = TREES.get(self._options.format, TREES["imagefolder"])(summary.labels)
        self._files: list[dict[str, Any]] = []
        self._extensions: set[str] = set()

    async def write(self, home: str) -> list[dict[str, Any]]:
        """Writes them all."""
        async with self._database.transaction() as transaction:
            parts = await part_repo.list_parts(transaction, self._export.id, stage=FILE_END)
        ended = [part.result for part in parts if part.result]
        content = [ExportFile(**file) for result in ended for file in result["files"]]
        for result in ended if self._options.format == "webdataset" else ():
            name = result["files"][0]["name"].removesuffix(".tar") + STATS
            await self._put(name, json.dumps(result["stats"]), _JSON)
        if self._options.format == "webdataset":
            await self._put("wids.json", json.dumps(_wids(ended), indent=1), _JSON)
        await self._write_tables()
        await self._put("LICENSES.md", licenses_page(self._summary), _MARKDOWN)
        await self._put("README.md", self._card([file.name for file in content]), _MARKDOWN)
        await self._put("report.json", await self._report(), _JSON)
        await self._put("contact-sheet.webp", await self._contact_sheet(), "image/webp")
        content += [ExportFile(**file) for file in self._files if file["name"] == TABLE]
        told = croissant(
            self._summary, content, extensions=sorted(self._extensions),
            home=f"{home}/api/v1/datasets/{self._export.job_id}",
        )  # fmt: skip
        await self._put("croissant.json", told, "application/ld+json")
        every = [file for result in ended for file in result["files"]] + self._files
        sums = "".join(f"{file['sha256']}  {file['name']}\n" for file in every)
        await self._put("SHA256SUMS", sums, "text/plain; charset=utf-8")
        return self._files

    async def _write_tables(self) -> None:
        """What has a line for each image."""
        options, streams = self._options, dict[str, BlockWriter]()
        labels = labels_name(options.labels)
        labels_file = LabelWriter(options.labels)
        manifest = TableWriter(self._summary.labels, images=False)

        async def add(name: str, data: bytes) -> None:
            writer = streams.setdefault(name, self._writer(name))
            await writer.write(data)

        await add("ATTRIBUTION.md", ATTRIBUTION.encode())
        async for members in list_members(self._database, self._export):
            named = [(m, self._tree.name(m.record, m.file.extension)) for m in members]
            rows = [{"file_name": name, **row_of(member)} for member, name in named]
            self._extensions |= {member.file.extension for member in members}
            credits = "".join(credit_line(member, name) for member, name in named)
            await add("ATTRIBUTION.md", credits.encode())
            if options.format != "parquet":
                await add(TABLE, "".join(map(json_line, rows)).encode())
            if options.format == "labels":
                await add(labels, labels_file.add(rows).encode())
            if options.format == "files":
                table = b"".join(manifest.add(member, name) for member, name in named)
                await add(MANIFEST, table)
        if options.format == "labels":
            await add(labels, labels_file.end().encode())
        if options.format == "files":
            await add(MANIFEST, manifest.end())
        for name, writer in streams.items():
            await writer.join(ExportFile(name, 0, "").media_type)
            self._note(name, writer.size, writer.digest.hexdigest())

    def _card(self, names: list[str]) -> str:
        """README.md: `datasets` is told which files to read, whatever else lies beside them."""
        patterns, loads = dict[str, str](), _LOADS[self._options.format]
        if self._options.format in ("imagefolder", "webdataset", "parquet"):
            for split in self._summary.splits:
                own = [name for name in names if name.startswith(f"{split}.")
                       or name.startswith(f"{split}-")]  # fmt: skip
                suffix = own[0].partition(".")[2]
                patterns[split] = own[0] if len(own) == 1 else f"{split}-*.{suffix}"
        loadable = not (self._options.bagit or self._options.archive == "tar.zst")
        if self._options.format == "imagefolder" and not loadable:
            loads = _LOAD_UNPACKED
        columns = self._options.format in ("imagefolder", "parquet") and loadable
        return dataset_card(
            self._summary, patterns if loadable else {}, loads=loads, columns=columns
        )

    async def _report(self) -> str:
        export = self._export
        async with self._database.transaction() as transaction:
            version = await versions.get_version(transaction, export.job_id, export.number)
            told = await reports.report_version(
                transaction, version, self._summary.name, self._summary.figures
            )
        return told.model_dump_json(indent=1)

    async def _contact_sheet(self) -> bytes:
        labels = self._summary.labels[:ROWS]
        async with self._database.transaction() as transaction:
            shown = await content_repo.list_first_of(
                transaction, self._export.version_id, labels, each=COLUMNS
            )
        sheet, columns = ContactSheet(len(labels)), Counter[str]()
        for label, name in shown:  # one at a time: of large ones all would not fit into memory
            body = await self._blobs.get(name)
            await asyncio.to_thread(sheet.add, labels.index(label), columns[label], body)
            columns[label] += 1
        return await asyncio.to_thread(sheet.end)

    async def _put(self, name: str, content: str | bytes, media_type: str) -> None:
        body = content if isinstance(content, bytes) else content.encode()
        await self._blobs.put(blob_name(self._export, name), body, media_type)
        self._note(name, len(body), hashlib.sha256(body).hexdigest())

    def _note(self, name: str, size: int, sha256: str) -> None:
        self._files.append({"name": name, "bytes": size, "sha256": sha256})

    def _writer(self, name: str) -> BlockWriter:
        return BlockWriter(self._blobs, blob_name(self._export, name), 0, hashed=True)


def _wids(shards: list[dict[str, Any]]) -> dict[str, Any]:
    """The index that the library `wids` reads."""
    return {
        "__kind__": "wids-shard-index-v1",
        "wids_version": 1,
        "shardlist": [
            {
                "url": shard["files"][0]["name"],
                "nsamples": shard["stats"]["successes"],
                "filesize": shard["files"][0]["bytes"],
                "md5sum": shard["stats"]["md5"],
            }
            for shard in shards
        ],
    }
