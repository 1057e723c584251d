"""What lies in an archive beside its images: who unpacks it alone needs it too.

What is about all splits is the same in the archive of each, so that they can be unpacked into one
folder.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import Self

from shared.exports.bagit import Bag
from shared.exports.card import dataset_card
from shared.exports.containers import Entry
from shared.exports.licences import ATTRIBUTION, credit_line, licenses_page
from shared.exports.model import Member, Options, Summary
from shared.exports.spool import Spool
from shared.exports.table import json_line, row_of
from shared.exports.trees import Tree

_LOADS = """from datasets import load_dataset

dataset = load_dataset("path/to/this/folder")"""


class InnerPapers:
    """The papers of the archive of one split, made while all images are gone through.

    A context manager: at its end the papers are gone.
    """

    def __init__(self, options: Options, summary: Summary, tree: Tree, split: str) -> None:
        self._options = options
        self._summary = summary
        self._tree = tree
        self._split = split
        self._bag = Bag(summary)
        self._open = ExitStack()
        self._indexes = {
            name: (index, self._spool()) for name, index in tree.indexes(split, summary).items()
        }
        self._rows = self._spool()
        self._credits = self._spool(ATTRIBUTION.encode())
        self._sums = self._spool()
        self._manifest = self._spool()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self._open.close()

    def add(self, members: Iterable[Member]) -> list[Entry]:
        """Takes images in; the entries of those that are in this archive."""
        return [entry for member in members if (entry := self._add(member))]

    def _add(self, member: Member) -> Entry | None:
        record, file = member.record, member.file
        name = self._tree.name(record, file.extension)
        self._rows.write(json_line({"file_name": name, **row_of(member)}).encode())
        self._credits.write(credit_line(member, name).encode())
        if record.split != self._split:
            return None
        for index, written in self._indexes.values():
            written.write(index.add(member, name))
        self._sums.write(f"{file.sha256}  {name.removeprefix(f'{self._split}/')}\n".encode())
        self._into_bag(name, file.bytes, file.sha256)
        return Entry(prefix(self._options, self._split) + name, file.bytes, file.crc32)

    def end(self) -> Iterator[tuple[str, Spool]]:
        """The papers, each with its place in the archive."""
        inside = prefix(self._options, self._split)
        for name, paper in self._papers():
            self._into_bag(name, paper.size, paper.sha256)
            yield inside + name, paper
        if self._options.bagit:
            folder = bag_folder(self._split)
            for name, body in self._bag.end().items():
                yield f"{folder}/{name}", self._spool(body)
            yield f"{folder}/manifest-sha256.txt", self._manifest

    def _papers(self) -> Iterator[tuple[str, Spool]]:
        for name, (index, written) in self._indexes.items():
            for piece in index.end():
                written.write(piece)
            yield name, written
        yield f"{self._split}/SHA256SUMS", self._sums
        yield "README.md", self._spool(self._card().encode())
        # `datasets` guesses by the most frequent ending what is in an archive: these have none.
        yield "LICENSES", self._spool(licenses_page(self._summary).encode())
        yield "ATTRIBUTION", self._credits
        yield "images.jsonl", self._rows

    def _card(self) -> str:
        """With the folders of all splits, also of those that are in other archives."""
        if self._options.format != "imagefolder":
            return dataset_card(self._summary, {}, loads="", columns=False)
        folders = {split: f"{split}/**" for split in self._summary.splits}
        return dataset_card(self._summary, folders, loads=_LOADS, columns=True)

    def _into_bag(self, name: str, size: int, sha256: str) -> None:
        if self._options.bagit:
            self._manifest.write(self._bag.add(name, size, sha256))

    def _spool(self, body: bytes = b"") -> Spool:
        spool = self._open.enter_context(Spool())
        spool.write(body)
        return spool


def prefix(options: Options, split: str) -> str:
    """What the names of an archive begin with."""
    return f"{bag_folder(split)}/data/" if options.bagit else ""


def bag_folder(split: str) -> str:
    """The folder that is the bag of a split."""
    return f"{split}-bag"
