"""What long work is called."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of long work.

    Its instances are called ``<prefix>-<subject>-<attempt>``; ``subject`` is what the input of
    ``orchestration`` calls the row that is worked on. These names are in flight.
    """

    name: str
    prefix: str
    orchestration: str
    subject: str


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt at one subject."""

    kind: Kind
    subject_id: int
    attempt: int

    @property
    def instance_id(self) -> str:
        """Its orchestration instance: starting it twice is harmless."""
        return f"{self.kind.prefix}-{self.subject_id}-{self.attempt}"

    @property
    def order(self) -> dict[str, int]:
        """What its orchestration is started with."""
        return {self.kind.subject: self.subject_id, "attempt": self.attempt}


def run_of(kind: Kind, instance_id: str) -> Run | None:
    """The run whose instance this is, if it is one of ``kind``."""
    match = re.fullmatch(rf"{re.escape(kind.prefix)}-(\d{{1,18}})-(\d{{1,9}})", instance_id)
    return Run(kind, int(match[1]), int(match[2])) if match else None
