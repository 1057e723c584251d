"""Free loopback ports that a stack keeps over restarts."""

import os
import random
import socket
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from scripts.devhost.errors import StackError
from scripts.devhost.stack.files import read_json, write_json

# Below the range out of which Linux takes the ports of outgoing connections, so that nobody
# sits on a part's port in the moment between its death and its restart.
RANGE: Final = range(20_000, 32_000)
ATTEMPTS: Final = 200


def choose_ports(
    file: Path, names: Iterable[str], wanted: Mapping[str, int] | None = None
) -> dict[str, int]:
    """A port for each name: the wanted one or that of the last time if it is free, else another."""
    remembered = read_json(file) | dict(wanted or {})
    chosen: dict[str, int] = {}
    for name in names:
        candidates = _candidates(remembered.get(name), set(chosen.values()))
        port = next((candidate for candidate in candidates if is_free(candidate)), None)
        if port is None:
            raise StackError(f"No free port found on 127.0.0.1 for {name}.")
        chosen[name] = port
    write_json(file, remembered | chosen)
    return chosen


def random_ports() -> list[int]:
    """Some ports to try, in random order.

    ``PIXCRAWLER_PORTS=20000-24000`` narrows the range, for what starts beside others.
    """
    first, last = os.environ.get("PIXCRAWLER_PORTS", f"{RANGE.start}-{RANGE.stop}").split("-")
    return random.sample(range(int(first), int(last)), ATTEMPTS)


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def is_listening(port: int) -> bool:
    """Whether a server answers on the port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _candidates(remembered: object, taken: set[int]) -> Iterator[int]:
    if isinstance(remembered, int) and remembered not in taken:
        yield remembered
    yield from (port for port in random_ports() if port not in taken)
