"""The run of an upload: the reading of its file."""

from typing import Final

from shared.runs.model import Kind, Run

UPLOAD: Final = Kind("upload", prefix="upload", orchestration="upload", subject="upload_id")


def reading_of(upload_id: int, attempt: int) -> Run:
    """The reading of an upload's attempt."""
    return Run(UPLOAD, upload_id, attempt)
