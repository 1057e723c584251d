"""The run of an export: its building."""

from typing import Final

from shared.runs.model import Kind, Run

EXPORT: Final = Kind("export", prefix="export", orchestration="export", subject="export_id")


def build_of(export_id: int, attempt: int) -> Run:
    """The building of an export's attempt."""
    return Run(EXPORT, export_id, attempt)
