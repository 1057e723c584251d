"""What the steps of a crawl tell its flow.

It is kept in the histories of running instances: a field may be added if it has a default, none
renamed. Nothing is imported but what a flow may import.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class NextSteps:
    """What there is to do: pages to fetch, by their search, and chunks to process.

    What is under way already is among them. When there are none, although the crawl is not over,
    the first of the sources, all of which are busy, can be asked in ``wait`` seconds.
    """

    done: bool
    searches: Sequence[int] = ()
    chunks: Sequence[int] = ()
    wait: float = 0


@dataclass(frozen=True, slots=True)
class PageResult:
    """How many candidates a page of results had."""

    found: int


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """How a chunk has ended, and how many of its candidates are stored."""

    status: Literal["completed", "failed", "cancelled"]
    stored: int = 0
