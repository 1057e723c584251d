"""What every table of an export tells of an image: one list of columns for all formats."""

import json
from dataclasses import dataclass
from typing import Any, Final, Literal

from shared.exports.model import Member

Kind = Literal["text", "integer", "label"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column, and what stands in it."""

    name: str
    kind: Kind
    description: str


COLUMNS: Final = (
    Column("label", "label", "What the image shows."),
    Column("split", "text", "train, val or test."),
    Column("caption", "text", "The title that the source gives the image."),
    Column("caption_source", "text", "Where the caption is from."),
    Column("width", "integer", "Pixels, as it is seen."),
    Column("height", "integer", "Pixels, as it is seen."),
    Column("bytes", "integer", "Size of the file."),
    Column("sha256", "text", "Hash of the file."),
    Column("original_sha256", "text", "Hash of the image as it was downloaded."),
    Column("phash", "text", "64-bit difference hash, as 16 hexadecimal digits."),
    Column("license", "text", "Licence, in Openverse's words."),
    Column("license_url", "text", "The licence's text."),
    Column("license_stated", "text", "The licence as the source wrote it."),
    Column("license_answer_url", "text", "What the source was asked when it said so."),
    # Not “…_at”: pandas makes a time of what is called so.
    Column("license_answer_date", "text", "When it answered."),
    Column("license_answer_sha256", "text", "Hash of the answer."),
    Column("creator", "text", "Who made the image, as the source has it."),
    Column("attribution", "text", "The credit line to give with it."),
    Column("source", "text", "Where it was found."),
    Column("source_page", "text", "The page that shows it."),
    Column("url", "text", "Where it was downloaded from."),
    Column("keyword", "text", "What was searched for."),
    Column("id", "integer", "Its number in the service's API."),
)


def row_of(member: Member) -> dict[str, Any]:
    """The columns of an image, by name, in their order."""
    record, file = member.record, member.file
    values = {
        "id": record.image_id,
        "width": file.width,
        "height": file.height,
        "bytes": file.bytes,
        "sha256": file.sha256,
        "original_sha256": record.sha256,
    }
    return {
        column.name: values.get(column.name, getattr(record, column.name, None))
        for column in COLUMNS
    }


def json_line(row: dict[str, Any]) -> str:
    """A row as a line of JSON."""
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n"
