"""What is wrong with this set-up, said before it matters.

    scripts/doctor.py [--instances N] [--processes N] [--connection-limit N] [--no-network]

Reads the settings from the environment, local.settings.json and .env, as the local host does, and
looks at everything the app stands on. Exit code 1 when something must be mended; nothing is
changed.
"""

import argparse
import json
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg

from scripts.arguments import COUNT
from scripts.azure import OperationError
from scripts.azure.build import AZURE_PYTHON
from scripts.azure.connections import check_connections
from scripts.azure.migrations import MIGRATIONS
from scripts.azure.processes import ROOT
from scripts.azure.program import ended
from scripts.devhost.host.environment import load_files
from scripts.devhost.host.errors import HostError
from shared.app.settings import ConfigurationError, Settings, get_settings
from shared.crawl.settings import SETTLE_SECONDS
from shared.platform.data import redis_pool
from shared.queue_names import QUEUES

SECONDS: Final = 5
EXPECTED: Final = (OperationError, ConfigurationError, OSError, ValueError, KeyError)
TIMEOUT: Final = "AzureFunctionsJobHost__functionTimeout"  # goes before host.json
TIMESPAN: Final = re.compile(r"(\d+):(\d\d):(\d\d)")


@dataclass(frozen=True)
class Scale:
    """How far the app may scale out, and what the database bears (None: it is asked)."""

    instances: int = 1
    processes: int = 1
    connection_limit: int | None = None


class Doctor:
    """Runs checks and tells of each."""

    def __init__(self) -> None:
        self.found = 0

    def look(self, what: str, check: Callable[[], str]) -> bool:
        """Whether the check found nothing; whatever it raises is a finding."""
        try:
            remark = check()
        except (*EXPECTED, psycopg.Error, httpx.HTTPError) as error:
            self.found += 1
            said = str(error).strip().splitlines() or [type(error).__name__]
            print(f"  FAIL  {what}: {said[0]}")
            return False
        print(f"  ok    {what}: {remark}")
        return True


def main() -> int:
    """0 when nothing was found."""
    given = _parse()
    found = examine(
        ROOT,
        Scale(given.instances, given.processes, given.connection_limit),
        network=not given.no_network,
    )
    print("Nothing found." if not found else f"{found} things must be mended.")
    return 1 if found else 0


def examine(app: Path, scale: Scale | None = None, *, network: bool = True) -> int:
    """Looks at everything and tells of it; how much must be mended."""
    doctor = Doctor()
    doctor.look("Python", _python)
    doctor.look("versions", _versions)
    doctor.look("host.json", _host_json)
    doctor.look("settings files", lambda: _load_files(app))
    if doctor.look("settings", lambda: f"complete, {get_settings().environment}"):
        _look_at_services(doctor, get_settings(), scale or Scale(), network=network)
    return doctor.found


def _look_at_services(doctor: Doctor, settings: Settings, scale: Scale, *, network: bool) -> None:
    doctor.look("concurrency", lambda: _concurrency(settings))
    pool = settings.database_pool_size + settings.database_max_overflow
    limit = scale.connection_limit
    if network:
        doctor.look("database", lambda: _database(settings))
        limit = limit or _max_connections(settings)
        doctor.look("Supabase Auth", lambda: _supabase(settings))
        doctor.look("storage", lambda: _storage(settings))
        if settings.redis_parts:
            doctor.look("Redis", lambda: _redis(settings))
    if limit:
        doctor.look("connections", lambda: _connections(scale, pool, limit))


def _python() -> str:
    version = "{}.{}.{}".format(*sys.version_info)
    if not (3, 11) <= sys.version_info < (3, 14):
        raise OperationError(
            f"{version}; 3.11, 3.12 or 3.13 is needed, and Azure runs {AZURE_PYTHON}"
        )
    return version


def _versions() -> str:
    """Whether what is installed is what is locked."""
    from importlib.metadata import PackageNotFoundError, version

    # Lines with a marker are for some versions of Python or some systems only.
    locked = re.findall(r"^([\w.-]+)(?:\[.*?\])?==([\w.]+)$", _lock(), re.MULTILINE)
    wrong = []
    for name, wanted in locked:
        try:
            if version(name) != wanted:
                wrong.append(f"{name} {version(name)} instead of {wanted}")
        except PackageNotFoundError:
            wrong.append(f"{name} is missing")
    if wrong:
        raise OperationError(f"{', '.join(wrong[:3])}: install requirements-dev.txt")
    return f"{len(locked)} packages as locked"


def _lock() -> str:
    return (ROOT / "requirements.txt").read_text()


def _host_json() -> str:
    host = json.loads((ROOT / "host.json").read_text())
    queues = host["extensions"]["queues"]
    if host["extensions"]["http"]["routePrefix"]:
        raise OperationError('extensions.http.routePrefix must be ""')
    if queues["messageEncoding"] != "base64":
        raise OperationError("extensions.queues.messageEncoding must be base64: the app sends so")
    timeout = _seconds(os.environ.get(TIMEOUT) or host["functionTimeout"])
    chunk = int(os.environ.get("CELERY_TASK_TIME_LIMIT") or 110)
    if timeout < chunk + SETTLE_SECONDS:
        raise OperationError(f"functionTimeout {timeout} s cuts off chunks of {chunk} s")
    return f"functions may take {timeout} s, chunks {chunk} s"


def _concurrency(settings: Settings) -> str:
    durable = json.loads((ROOT / "host.json").read_text())["extensions"]["durableTask"]
    activities = int(durable["maxConcurrentActivityFunctions"])
    wanted = settings.celery_worker_concurrency
    if activities != wanted:
        raise OperationError(
            f"CELERY_WORKER_CONCURRENCY is {wanted}, maxConcurrentActivityFunctions {activities}"
        )
    return f"{activities} activities at a time on an instance"


def _database(settings: Settings) -> str:
    with _connect(settings) as connection:
        row = connection.execute("SHOW server_version").fetchone()
        rows = connection.execute("SELECT version FROM schema_migrations").fetchall()
    applied = {version for (version,) in rows}
    missing = [p.name for p in sorted(MIGRATIONS.glob("*.sql")) if _version(p) not in applied]
    if missing:
        raise OperationError(f"{len(missing)} migrations are not applied, first {missing[0]}")
    return f"PostgreSQL {row[0] if row else '?'}, {len(applied)} migrations"


def _version(migration: Path) -> str:
    return migration.name.partition("_")[0]


def _max_connections(settings: Settings) -> int | None:
    try:
        with _connect(settings) as connection:
            row = connection.execute(
                "SELECT current_setting('max_connections')::int"
                " - current_setting('superuser_reserved_connections')::int"
            ).fetchone()
    except psycopg.Error:
        return None  # told already
    return int(row[0]) if row else None


def _connect(settings: Settings) -> "psycopg.Connection[Any]":
    url = settings.database_url.get_secret_value()
    return psycopg.connect(url, connect_timeout=SECONDS, prepare_threshold=None)


def _connections(scale: Scale, pool: int, limit: int) -> str:
    per_instance = pool * scale.processes
    check_connections(scale.instances, per_instance, limit)
    return f"{scale.instances} instances x {per_instance} of {limit}"


def _supabase(settings: Settings) -> str:
    headers = {"apikey": settings.supabase_anon_key.get_secret_value()}
    with httpx.Client(
        base_url=f"{settings.supabase_url}/auth/v1", headers=headers, timeout=SECONDS
    ) as auth:
        auth.get("/health").raise_for_status()
        keys = auth.get("/.well-known/jwks.json").raise_for_status().json()["keys"]
    return f"{settings.supabase_url}, signing system {_signing_system(keys)}"


def _signing_system(keys: list[dict[str, Any]]) -> str:
    """As far as the published keys tell: one that only stands by is among them."""
    if not keys:
        return "legacy shared secret (HS256), no key published: tokens are checked by Auth"
    algorithms = " and ".join(sorted({str(key.get("alg") or key.get("kty")) for key in keys}))
    return f"{algorithms}, keys published: {len(keys)}, tokens are checked by the app"


def _storage(settings: Settings) -> str:
    from azure.core.exceptions import AzureError
    from azure.identity import DefaultAzureCredential
    from azure.storage.blob import BlobServiceClient
    from azure.storage.queue import QueueServiceClient

    connection = settings.azure_storage_connection_string
    options: dict[str, Any] = {"retry_total": 0, "connection_timeout": SECONDS}
    if connection:
        text = connection.get_secret_value()
        blobs = BlobServiceClient.from_connection_string(text, **options)
        queues = QueueServiceClient.from_connection_string(text, **options)
    else:
        credential = DefaultAzureCredential()
        blobs = BlobServiceClient(str(settings.blob_service_uri), credential, **options)
        queues = QueueServiceClient(str(settings.queue_service_uri), credential=credential)
    try:
        with blobs, queues:
            container = settings.storage_azure_container_name
            if not blobs.get_container_client(container).exists():
                raise OperationError(f"there is no container {container}")
            missing = set(QUEUES) - {queue.name for queue in queues.list_queues()}
            if missing:
                raise OperationError(f"there is no queue {', '.join(sorted(missing))}")
    except AzureError as error:
        raise OperationError(str(error)) from None
    return f"container {container}, queues {', '.join(QUEUES)}"


def _redis(settings: Settings) -> str:
    for part, address in settings.redis_parts.items():
        if not redis_pool.answers(address):
            raise OperationError(f"the {part}'s does not answer at {address.host}:{address.port}")
    return ", ".join(settings.redis_parts)


def _seconds(timespan: str) -> int:
    match = TIMESPAN.fullmatch(timespan)
    if match is None:
        raise OperationError(f"{timespan!r} is no time span hh:mm:ss")
    hours, minutes, seconds = map(int, match.groups())
    return hours * 3600 + minutes * 60 + seconds


def _load_files(app: Path) -> str:
    """Puts what the files of the app say into the environment, as the local host does."""
    before = len(os.environ)
    try:
        load_files(app)
    except HostError as error:
        raise OperationError(str(error)) from None
    return f"{len(os.environ) - before} values"


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="doctor.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--instances", type=COUNT, default=1, help="most instances of the app (default: 1)")
    add(
        "--processes",
        type=COUNT,
        default=1,
        help="worker processes of an instance (default: 1)",
    )
    add(
        "--connection-limit",
        type=COUNT,
        help="connections the database accepts (default: asks it)",
    )
    add("--no-network", action="store_true", help="look only at what is on this machine")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(ended("doctor", main))
