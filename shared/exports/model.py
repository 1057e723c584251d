"""What exports are made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from shared.imaging.encoding import Encoding

Format = Literal["imagefolder", "webdataset", "parquet", "coco", "yolo", "labels", "files"]
Archive = Literal["zip", "tar.zst"]
Labels = Literal["json", "jsonl", "csv", "yaml", "txt"]


@dataclass(frozen=True, slots=True)
class Options:
    """How a version is exported: all that decides about the bytes and is not the version's own.

    ``encoding`` is None where images stay as they are stored. ``name`` is what the dataset was
    called when the export was asked for.
    """

    format: Format
    archive: Archive = "zip"
    labels: Labels = "jsonl"
    bagit: bool = False
    encoding: Encoding | None = None
    level: int = 10  # of Zstandard
    name: str = ""

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Options":
        """The options that ``dataclasses.asdict`` was made of."""
        encoding = stored["encoding"]
        return cls(**{**stored, "encoding": Encoding(**encoding) if encoding else None})


@dataclass(frozen=True, slots=True)
class Record:
    """An image of a version, with what is known of it. ``sha256`` is that of the stored file."""

    position: int
    image_id: int
    split: str
    label: str
    sha256: str
    blob_name: str
    format: str
    width: int
    height: int
    bytes: int
    phash: str | None
    keyword: str | None
    caption: str | None
    caption_source: str | None
    license: str | None
    license_url: str | None
    license_stated: str | None
    license_answer_url: str | None
    license_answer_date: str | None
    license_answer_sha256: str | None
    creator: str | None
    attribution: str | None
    source: str | None
    source_page: str | None
    url: str


@dataclass(frozen=True, slots=True)
class File:
    """What an export has of an image: the file that is in it."""

    extension: str
    sha256: str
    bytes: int
    width: int
    height: int
    crc32: int


@dataclass(frozen=True, slots=True)
class Member:
    """An image of a version, and its file."""

    record: Record
    file: File


@dataclass(frozen=True, slots=True)
class Figures:
    """What images are, counted. ``bytes`` as they are stored, by split, or all under ``""``."""

    bytes: dict[str, int]
    licenses: dict[str, dict[str, int]]  # by licence and label
    license_urls: dict[str, list[str]]
    sources: dict[str, int]
    formats: dict[str, int]
    domains: dict[str, int]  # the most frequent ones
    sizes: dict[str, dict[str, int]]  # least, median and most of width, height and bytes

    @property
    def of_license(self) -> dict[str, int]:
        """Images of each licence."""
        return {code: sum(of_label.values()) for code, of_label in self.licenses.items()}


@dataclass(frozen=True, slots=True)
class Summary:
    """What is told of a version as a whole. Counts are of images."""

    dataset_id: int
    name: str
    number: int
    version: str
    hash: str
    created_at: datetime
    keywords: list[str]
    counts: dict[str, dict[str, int]]  # by split and label
    left_out: dict[str, int]
    figures: Figures

    @property
    def labels(self) -> list[str]:
        """Every label, in the order of its number."""
        return labels_of(self.counts)

    @property
    def splits(self) -> dict[str, int]:
        """Images of each split that has some."""
        return {split: sum(of_split.values()) for split, of_split in self.counts.items()}

    @property
    def images(self) -> int:
        """All images."""
        return sum(self.splits.values())


def labels_of(counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Every label of a version, in the order of its number, told from images by split and label."""
    return sorted({label for of_split in counts.values() for label in of_split})
