"""What PostgreSQL itself took for each statement, from its own log."""

import re
import statistics
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

_LINE = re.compile(
    r"\[(?P<backend>\d+)\] LOG:  duration: (?P<ms>[\d.]+) ms"
    r"  (?P<step>parse|bind|execute|statement)[^:]*: (?P<sql>.*)"
)
SHOWN = 90


@contextmanager
def logged(database_url: str) -> Iterator[None]:
    """Everything that is run inside is logged with its duration."""
    _set(database_url, "0")
    try:
        yield
    finally:
        _set(database_url, "-1")


def slowest(log: Path, begin: int) -> dict[str, Any]:
    """The statement with the highest p95 among those that ran often; parsing and planning count."""
    times: dict[str, list[float]] = defaultdict(list)
    pending: dict[str, float] = defaultdict(float)
    for line in _entries(log.read_bytes()[begin:].decode(errors="replace")):
        if match := _LINE.search(line):
            pending[match["backend"]] += float(match["ms"])
            if match["step"] in ("execute", "statement"):
                sql = re.sub(r"'[^']*'|\$?\d+", "?", " ".join(match["sql"].split()))
                times[sql].append(pending.pop(match["backend"]))
    often = {sql: values for sql, values in times.items() if len(values) >= 100}
    p95 = {sql: statistics.quantiles(values, n=20)[-1] for sql, values in often.items()}
    worst = max(p95, key=p95.__getitem__)
    return {
        "statements": len(p95),
        "slowest_p95_ms": round(p95[worst], 2),
        "slowest": worst[:SHOWN],
    }


def _entries(text: str) -> Iterator[str]:
    """Log entries: a line that begins with a tab goes on with the one before."""
    for entry in re.split(r"\n(?!\t)", text):
        yield entry.replace("\n", " ")


def _set(database_url: str, milliseconds: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"ALTER SYSTEM SET log_min_duration_statement = {milliseconds}")
        connection.execute("SELECT pg_reload_conf()")
