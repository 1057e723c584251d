"""What goes in and out of uploads."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from shared.platform.model import Input, Model, VisibleText

Status = Literal["pending", "running", "completed", "failed"]
Kind = Literal["url_list", "images"]
MOST_BYTES: Final[Mapping[Kind, int]] = {"url_list": 200 * 2**20, "images": 2 * 2**30}


class UploadCreate(Input):
    """A file to be uploaded."""

    kind: Kind = Field(
        description="`url_list`: URLs to download; `images`: pictures, as zip or tar."
    )
    filename: Annotated[VisibleText, StringConstraints(max_length=255)] = Field(
        description="What it is called: its ending says in what form it is.",
        examples=["cats.csv", "laion.parquet", "urls.txt.gz"],
    )
    size: int = Field(ge=1, description="Its bytes, exactly.")

    @field_validator("size")
    @classmethod
    def _is_not_too_large(cls, size: int, info: ValidationInfo) -> int:
        most = MOST_BYTES[info.data.get("kind", "url_list")]
        if size > most:
            raise ValueError(f"may have up to {most:,} bytes")
        return size


class ProblemOut(Model):
    """A row that cannot be used: where it stands, why, and the beginning of what it says."""

    line: int
    reason: str
    value: str


class UploadOut(Model):
    """An upload: ``records`` were read so far, of which ``rows`` can be used."""

    id: int
    kind: Kind
    filename: str
    size: int
    status: Status
    format: str | None
    records: int
    rows: int
    rejected: dict[str, int] = Field(description="How many cannot be used, by reason.")
    labels: dict[str, int] = Field(
        description="The most frequent labels with their rows, once it is completed."
    )
    label_count: int
    failure_reason: str | None
    created_at: datetime
    completed_at: datetime | None


class UploadDetail(UploadOut):
    """An upload with the first rows that cannot be used."""

    problems: list[ProblemOut]


class UploadTarget(Model):
    """Where to send the file, and how."""

    method: Literal["PUT"] = "PUT"
    url: str
    headers: dict[str, str]
    expires_at: datetime


class UploadCreated(UploadOut):
    """An upload, and where its file is sent to: that is shown only now."""

    target: UploadTarget
