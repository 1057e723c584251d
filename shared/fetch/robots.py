"""What the owners of hosts and files want of robots: robots.txt (RFC 9309) and opt-out headers."""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final

import httpx
from protego import Protego

TOKEN: Final = "pixcrawler"  # noqa: S105 - the product token, by which robots.txt names us
# RFC 9309 wants at least this much of a file read, and no copy kept for more than a day.
MOST_BYTES: Final = 500 * 1024
KEPT_SECONDS: Final = 3_600.0
FAILURE_KEPT_SECONDS: Final = 60.0
_MOST_KEPT: Final = 1_000
_MOST_BYTES_KEPT: Final = 2 * 1024 * 1024

OPT_OUT: Final = frozenset({"noai", "noimageai", "noindex", "noimageindex", "noml", "none"})
# Directives with a value, which are no names of robots.
_VALUED: Final = frozenset(
    {"max-snippet", "max-image-preview", "max-video-preview", "unavailable_after"}
)
# A robot's name, no part of a date: that has colons too, and commas.
_AGENT: Final = re.compile(r"\*|\d*[a-z][\w./+-]*")
# Nothing may follow what is captured: a run of blanks would be tried in every length.
_AGENT_LINE: Final = re.compile(
    r"^[ \t]*user[- ]?agent[ \t]*:?[ \t]*([^#\n]*)", re.IGNORECASE | re.MULTILINE
)


def objection(headers: httpx.Headers) -> str | None:
    """The header by which a file's owner does not want it in a dataset."""
    if headers.get("tdm-reservation", "").strip() == "1":
        return "tdm-reservation: 1"
    for line in headers.get_list("x-robots-tag"):
        agent = "*"
        for part in line.lower().split(","):
            name, colon, directive = (piece.strip() for piece in part.partition(":"))
            if colon and name not in _VALUED and _AGENT.fullmatch(name):
                agent = name  # of this directive and those that follow on the line
            else:
                directive = name
            if directive in OPT_OUT and agent in {"*", TOKEN}:
                return f"x-robots-tag: {directive}"
    return None


class RobotsFiles:
    """The robots.txt of every host, read once and kept for a while.

    ``read`` gives the content behind a URL, nothing where there is none; what it raises is raised
    to all who ask about the host: a file that cannot be read allows nothing.
    """

    def __init__(self, read: Callable[[str], Awaitable[bytes]]) -> None:
        self._read = read
        self._files: OrderedDict[str, _File] = OrderedDict()

    async def allow(self, url: str) -> bool:
        """Whether the host lets us fetch the URL."""
        parts = httpx.URL(url)
        rules = await self._rules(f"{parts.scheme}://{parts.netloc.decode()}/robots.txt")
        return await asyncio.to_thread(rules.can_fetch, url, TOKEN)

    async def _rules(self, address: str) -> Protego:
        file = self._files.get(address)
        if file is None or file.until < asyncio.get_running_loop().time():
            file = self._files[address] = _File()
            file.rules = asyncio.create_task(self._load(address, file))
            # Nobody may be left to hear of a failure.
            file.rules.add_done_callback(lambda task: task.cancelled() or task.exception())
        self._files.move_to_end(address)
        # Who waits may be cancelled; the others still want it.
        return await asyncio.shield(file.rules)

    async def _load(self, address: str, file: "_File") -> Protego:
        kept = FAILURE_KEPT_SECONDS
        try:
            body = (await self._read(address))[:MOST_BYTES]
            file.size = len(body)
            rules, kept = await asyncio.to_thread(_parse, body), KEPT_SECONDS
        finally:
            file.until = asyncio.get_running_loop().time() + kept
            self._forget_some()
        return rules

    def _forget_some(self) -> None:
        size = sum(file.size for file in self._files.values())
        while len(self._files) > _MOST_KEPT or size > _MOST_BYTES_KEPT:
            size -= self._files.popitem(last=False)[1].size

    def close(self) -> None:
        """Stops what is being read."""
        for file in self._files.values():
            file.rules.cancel()


class _File:
    rules: asyncio.Task[Protego]

    def __init__(self) -> None:
        self.until = float("inf")
        self.size = 0


def _parse(body: bytes) -> Protego:
    """The rules for us. Other robots are made one: a hostile file may name thousands."""
    lines = body.decode("utf-8-sig", errors="replace").splitlines()
    return Protego.parse(_AGENT_LINE.sub(_generalise, "\n".join(lines)))


def _generalise(line: re.Match[str]) -> str:
    agent = line[1].strip().lower()
    if agent != "*":
        agent = TOKEN if re.match(rf"{TOKEN}\b", agent) else "another"
    return f"User-agent: {agent}"
