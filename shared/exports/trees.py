"""Where an image lies in an archive, and what lies beside it."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Protocol

from shared.exports.arrow import TableWriter
from shared.exports.coco import Annotations
from shared.exports.model import Format, Member, Record, Summary
from shared.exports.names import folder_names
from shared.exports.table import row_of


class Index(Protocol):
    """A file about the images of an archive, made while they are gone through."""

    def add(self, member: Member, name: str) -> bytes:
        """What follows in the file; ``name`` is where the image lies in the archive."""

    def end(self) -> Iterable[bytes]:
        """What comes after all images."""


class Tree(Protocol):
    """The files of an archive."""

    def name(self, record: Record, extension: str) -> str:
        """Where an image lies."""

    def files(self, member: Member, body: bytes) -> Iterator[tuple[str, bytes]]:
        """The image, and what belongs to it alone."""

    def indexes(self, split: str, summary: Summary) -> dict[str, Index]:
        """The files about all images of a split, by name."""


class _Folders:
    """``<split>/<label>/<sha256>.<ext>``."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._folders = folder_names(labels)

    def name(self, record: Record, extension: str) -> str:
        return f"{record.split}/{self._folders[record.label]}/{record.sha256}.{extension}"

    def files(self, member: Member, body: bytes) -> Iterator[tuple[str, bytes]]:
        yield self.name(member.record, member.file.extension), body

    def indexes(self, split: str, summary: Summary) -> dict[str, Index]:
        return {}


class ImageFolder(_Folders):
    """A folder for each label, and the table that `datasets` looks for in each split."""

    def indexes(self, split: str, summary: Summary) -> dict[str, Index]:
        """The table; its paths start where it lies."""
        return {f"{split}/metadata.parquet": _Metadata(split, summary.labels)}


class Yolo(_Folders):
    """A folder for each label and nothing else, as YOLO's classifiers are trained."""


class Coco(_Folders):
    """The images of a split in one folder, and its annotations."""

    def name(self, record: Record, extension: str) -> str:
        """Where an image lies."""
        return f"{record.split}/{record.sha256}.{extension}"

    def indexes(self, split: str, summary: Summary) -> dict[str, Index]:
        """The annotations."""
        return {f"annotations/instances_{split}.json": Annotations(summary)}


class WebDataset(_Folders):
    """Samples of four files with one key: image, table row, caption and number of the label."""

    def __init__(self, labels: Sequence[str]) -> None:
        super().__init__(labels)
        self._numbers = {label: number for number, label in enumerate(labels)}

    def name(self, record: Record, extension: str) -> str:
        """Where an image lies."""
        return f"{record.sha256}.{extension}"

    def files(self, member: Member, body: bytes) -> Iterator[tuple[str, bytes]]:
        """The sample's files, next to each other."""
        record = member.record
        # Readers take the types of columns from the first few samples: nothing may be null there.
        told = {name: "" if value is None else value for name, value in row_of(member).items()}
        row = json.dumps(told, ensure_ascii=False)
        caption = record.caption or record.label
        yield self.name(record, member.file.extension), body
        yield self.name(record, "json"), row.encode()
        yield self.name(record, "txt"), caption.encode()
        yield self.name(record, "cls"), str(self._numbers[record.label]).encode()


TREES: Final[dict[Format, Callable[[Sequence[str]], Tree]]] = {
    "imagefolder": ImageFolder,
    "webdataset": WebDataset,
    "coco": Coco,
    "yolo": Yolo,
}


class _Metadata:
    """``metadata.parquet`` of a split."""

    def __init__(self, split: str, labels: Sequence[str]) -> None:
        self._prefix = f"{split}/"
        self._table = TableWriter(labels, images=False)

    def add(self, member: Member, name: str) -> bytes:
        return self._table.add(member, name.removeprefix(self._prefix))

    def end(self) -> Iterable[bytes]:
        return [self._table.end()]
