"""What lies in an archive beside its images: who unpacks it alone needs it too.

What is about all splits is the same in the archive of each, so that they can be unpacked into one
folder.
"""

import io
from collections.abc import Iterator
from hashlib import sha256

from shared.exports.bagit import Payload, bag_files
from shared.exports.card import dataset_card
from shared.exports.containers import Entry
from shared.exports.licences import ATTRIBUTION, credit_line, licenses_page
from shared.exports.model import Member, Options, Summary
from shared.exports.table import json_line, row_of
from shared.exports.trees import Tree

_LOADS = """from datasets import load_dataset

dataset = load_dataset("path/to/this/folder")"""


class InnerPapers:
    """The papers of the archive of one split, made while all images are gone through."""

    def __init__(self, options: Options, summary: Summary, tree: Tree, split: str) -> None:
        self._options = options
        self._summary = summary
        self._tree = tree
        self._split = split
        self._indexes = tree.indexes(split, summary)
        self._rows = io.BytesIO()
        self._credits = io.BytesIO()
        self._credits.write(ATTRIBUTION.encode())
        self._payload: list[Payload] = []

    def add(self, member: Member) -> Entry | None:
        """Takes an image in; its entry, if it is in this archive."""
        record, file = member.record, member.file
        name = self._tree.name(record, file.extension)
        self._rows.write(json_line({"file_name": name, **row_of(member)}).encode())
        self._credits.write(credit_line(member, name).encode())
        if record.split != self._split:
            return None
        for index in self._indexes.values():
            index.add(member, name)
        self._payload.append(Payload(name, file.bytes, file.sha256))
        return Entry(prefix(self._options, self._split) + name, file.bytes, file.crc32)

    def end(self) -> Iterator[tuple[str, bytes]]:
        """The papers, each with its place in the archive."""
        inside = prefix(self._options, self._split)
        sums = "".join(
            f"{each.sha256}  {each.name.removeprefix(f'{self._split}/')}\n"
            for each in self._payload
        )
        for name, body in self._papers(sums):
            self._payload.append(Payload(name, len(body), sha256(body).hexdigest()))
            yield inside + name, body
        if self._options.bagit:
            for name, body in bag_files(self._payload, self._summary).items():
                yield f"{bag_folder(self._split)}/{name}", body

    def _papers(self, sums: str) -> Iterator[tuple[str, bytes]]:
        yield from ((name, index.end()) for name, index in self._indexes.items())
        yield f"{self._split}/SHA256SUMS", sums.encode()
        yield "README.md", self._card().encode()
        # `datasets` guesses by the most frequent ending what is in an archive: these have none.
        yield "LICENSES", licenses_page(self._summary).encode()
        yield "ATTRIBUTION", self._credits.getvalue()
        yield "images.jsonl", self._rows.getvalue()

    def _card(self) -> str:
        """With the folders of all splits, also of those that are in other archives."""
        if self._options.format != "imagefolder":
            return dataset_card(self._summary, {}, loads="", columns=False)
        folders = {split: f"{split}/**" for split in self._summary.splits}
        return dataset_card(self._summary, folders, loads=_LOADS, columns=True)


def prefix(options: Options, split: str) -> str:
    """What the names of an archive begin with."""
    return f"{bag_folder(split)}/data/" if options.bagit else ""


def bag_folder(split: str) -> str:
    """The folder that is the bag of a split."""
    return f"{split}-bag"
