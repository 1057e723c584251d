"""Bringing a deployed database up to date, by dbmate."""

import os
import re
import sys
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from scripts.azure import OperationError
from scripts.azure.processes import ROOT, run

MIGRATIONS: Final = ROOT / "infra" / "db" / "migrations"
POOLED: Final = 6543  # Supavisor's transaction mode: migrations need a session, on the same host
SESSION: Final = 5432
UNFIT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})|\s")  # dbmate would show a URL with a blank
NO_URL: Final = (
    "DATABASE-URL is no URL of a database. Characters of the password that mean something in a URL "
    "must be escaped: / as %2F, # as %23, ? as %3F, % as %25, @ as %40."
)


def migrate(url: str) -> None:
    """Applies the migrations that the database has not seen.

    Raises:
        OperationError: it cannot.
    """
    tool = Path(sys.executable).with_name("dbmate")
    command = [str(tool) if tool.exists() else "dbmate", "--no-dump-schema"]
    # By environment, so that the password is in no list of processes.
    run(
        [*command, "--migrations-dir", str(MIGRATIONS), "migrate"],
        environment={**os.environ, "DATABASE_URL": for_migrations(url)},
    )


def for_migrations(url: str) -> str:
    """The URL as dbmate takes it: no driver in its scheme, a session, and TLS unless it says.

    Raises:
        OperationError: it is none; most often for a character of the password.
    """
    try:
        parts = urlsplit(url.replace("postgresql+asyncpg://", "postgresql://", 1))
        port = parts.port
    except ValueError:
        raise OperationError(NO_URL) from None
    if not parts.hostname or parts.fragment or UNFIT.search(parts.netloc):
        raise OperationError(NO_URL)
    query = dict(parse_qsl(parts.query))
    local = parts.hostname in ("127.0.0.1", "localhost", "::1")
    query.setdefault("sslmode", "disable" if local else "require")
    place = parts.netloc
    if port == POOLED:
        place = place.removesuffix(f":{POOLED}") + f":{SESSION}"
    return urlunsplit(("postgres", place, parts.path, urlencode(query), ""))
