"""Politeness towards each host: few requests at once, some time between them, rest when asked for.

Shared by everything that a process fetches. Waiting for one host takes nothing from another.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import inf
from typing import Final

# More hosts than that are looked through for those that nobody waits for any more.
_MOST_KNOWN: Final = 1_000


class Resting(Exception):
    """The host asked to be left alone for longer than anybody waits: so many ``seconds``."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the host asked to be left alone for {seconds:.0f} s more")
        self.seconds = seconds


class Hosts:
    """The turns at all hosts: ``parallel`` at once, ``spacing`` seconds apart."""

    def __init__(self, parallel: int, spacing: float = 0, *, patience: float = inf) -> None:
        self._parallel = parallel
        self._spacing = spacing
        self._patience = patience
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[None]:
        """Holds one of the host's few places, once it is time for the next request.

        Raises:
            Resting: that will take more than ``patience`` seconds.
        """
        host = self._known(name)
        host.users += 1
        try:
            async with host.places:
                while (wait := host.wait()) > 0:
                    if wait > self._patience:
                        raise Resting(wait)
                    await asyncio.sleep(wait)
                host.next_at = asyncio.get_running_loop().time() + self._spacing
                yield
        finally:
            host.users -= 1

    def rest(self, name: str, seconds: float) -> None:
        """No new request goes to the host for that long."""
        host = self._known(name)
        host.next_at = max(host.next_at, asyncio.get_running_loop().time() + seconds)

    def note_answer(self, name: str) -> None:
        """Remembers that the host has answered."""
        self._known(name).answered_at = asyncio.get_running_loop().time()

    def answered_at(self, name: str) -> float:
        """When the host answered last; 0 if it never did."""
        host = self._hosts.get(name)
        return host.answered_at if host else 0.0

    def _known(self, name: str) -> "_Host":
        if name not in self._hosts:
            if len(self._hosts) >= _MOST_KNOWN:
                self._hosts = {
                    other: host
                    for other, host in self._hosts.items()
                    if host.users or host.wait() > 0
                }
            self._hosts[name] = _Host(self._parallel)
        return self._hosts[name]


class _Host:
    def __init__(self, parallel: int) -> None:
        self.places = asyncio.Semaphore(parallel)
        self.next_at = 0.0
        self.answered_at = 0.0
        self.users = 0

    def wait(self) -> float:
        return self.next_at - asyncio.get_running_loop().time()
