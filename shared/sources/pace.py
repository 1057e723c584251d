"""Keeping a source's rate limit, all instances of the app together."""

import asyncio
from dataclasses import dataclass
from typing import Final

from shared.platform.data.db import Database
from shared.sources import pace_repo
from shared.sources.source import SourceBusy

# Longer than that no activity waits: it gives its place to others and comes again.
MOST_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Pace:
    """At most ``requests`` in any ``seconds``, of which up to ``burst`` at once."""

    requests: int
    seconds: float
    burst: int = 1

    @property
    def interval(self) -> float:
        """Seconds between two requests once the burst is spent.

        A full burst and what the intervals let through after it make up the whole limit.
        """
        return self.seconds / (self.requests - self.burst)


@dataclass(frozen=True, slots=True)
class Turns:
    """The turns at one source. ``stretch`` multiplies its interval; at 0 nobody waits.

    A turn that comes later than in ``most_seconds`` is not taken.
    """

    database: Database
    source: str
    pace: Pace
    stretch: float = 1
    most_seconds: float = MOST_SECONDS

    async def wait(self) -> None:
        """Returns when it is our turn.

        Raises:
            SourceBusy: that would be too late; no turn was taken.
        """
        if not self.stretch:
            return
        wait = await pace_repo.reserve(
            self.database,
            self.source,
            interval=self.pace.interval * self.stretch,
            burst=self.pace.burst,
            most_seconds=self.most_seconds,
        )
        if wait > self.most_seconds:
            raise SourceBusy("its rate limit is used up for now", retry_after=wait)
        await asyncio.sleep(wait)
