"""What a long run holds: memory, files and connections, which must not grow with its length."""

import statistics
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import attrgetter

import psutil
import psycopg

from scripts.devhost.stack import LocalStack

EVERY_SECONDS = 0.5
_CONNECTIONS = """
SELECT count(*) FROM pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


@dataclass(frozen=True)
class Held:
    """At one moment: megabytes of the host and of its workers, what those have open together."""

    host_mb: float
    workers_mb: float
    files: int
    connections: int


@contextmanager
def watched(stack: LocalStack) -> Iterator[list[Held]]:
    """What the function app holds, twice a second, until the block ends."""
    seen: list[Held] = []
    over = threading.Event()
    host = psutil.Process(stack.pid("host"))

    def watch() -> None:
        with psycopg.connect(stack.info.database_url, autocommit=True) as connection:
            seen.append(_held(host, connection))
            while not over.wait(EVERY_SECONDS):
                seen.append(_held(host, connection))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def quarters(seen: Sequence[Held]) -> dict[str, list[float]]:
    """The mean of each figure in each quarter of the time."""
    parts = [seen[len(seen) * part // 4 : len(seen) * (part + 1) // 4] for part in range(4)]
    return {
        name: [round(statistics.mean(map(attrgetter(name), part)), 1) for part in parts if part]
        for name in Held.__annotations__
    }


def _held(host: psutil.Process, connection: psycopg.Connection[tuple[int]]) -> Held:
    workers = host.children(recursive=True)
    row = connection.execute(_CONNECTIONS).fetchone()
    return Held(
        host_mb=host.memory_info().rss / 2**20,
        workers_mb=sum(worker.memory_info().rss for worker in workers) / 2**20,
        files=sum(process.num_fds() for process in (host, *workers)),
        connections=row[0] if row else 0,
    )
