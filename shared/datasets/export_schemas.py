"""What goes in and out of exports."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from shared.datasets.schemas import VersionCreate
from shared.exports.model import Archive, Format, Labels
from shared.platform.model import Input, Model

Status = Literal["running", "completed", "failed", "expired"]


class ImageOptions(Input):
    """How images are encoded: what is left out is as the service is set."""

    format: Literal["original", "jpg", "png", "webp"] | None = Field(
        None, description="`original`: the bytes that were downloaded."
    )
    quality: Annotated[int, Field(ge=1, le=100)] | None = None
    lossless: bool | None = Field(None, description="Of WebP.")
    max_side: Annotated[int, Field(ge=16, le=16_384)] | None = Field(
        None, description="The most pixels that a side keeps; smaller images stay as they are."
    )

    @model_validator(mode="after")
    def _changes_something(self) -> "ImageOptions":
        asked = self.quality, self.lossless, self.max_side
        if self.format == "original" and any(value is not None for value in asked):
            raise ValueError("the original bytes have no quality and no size to choose")
        return self


class VersionExport(Input):
    """How to export a version."""

    format: Format = Field(description="What it is to be loaded with.")
    archive: Archive = Field("zip", description="Of imagefolder, coco and yolo.")
    labels: Labels = Field("jsonl", description="Of the format `labels`.")
    bagit: bool = Field(False, description="Whether each archive of an imagefolder is a BagIt.")
    image: ImageOptions | None = Field(
        None,
        description="Without it images stay as they are; for webdataset and yolo they become JPEG.",
    )

    @model_validator(mode="after")
    def _fits(self) -> "VersionExport":
        if self.bagit and self.format != "imagefolder":
            raise ValueError("bagit goes with the format imagefolder")
        if self.image and self.format in ("labels", "files"):
            raise ValueError(f"an export of {self.format} has no images to encode")
        if self.format == "yolo" and self.image and self.image.format in ("webp", "original"):
            raise ValueError("yolo reads jpg and png")
        return self


class JobExport(VersionExport, VersionCreate):
    """A version of what the job has made, and how to export it."""


class ExportFileOut(Model):
    """A file of an export."""

    name: str
    bytes: int
    sha256: str


class ExportOut(Model):
    """An export: while it is built, its ``progress`` in percent; afterwards its files until
    ``expires_at``. ``bytes`` are those of all files. ``restoring``: it waits for images that
    storage has archived, for up to 15 hours."""

    id: int
    dataset_id: int
    version: int
    format: Format
    options: dict[str, Any]
    status: Status
    restoring: bool
    progress: int
    images: int
    splits: dict[str, int]
    bytes: int | None
    files: list[ExportFileOut]
    failure_reason: str | None
    created_at: datetime
    completed_at: datetime | None
    expires_at: datetime | None


class FileQuery(Input):
    """Which file to download: one may be left out where there is a single archive or table."""

    file: Annotated[str, StringConstraints(max_length=200)] | None = None
