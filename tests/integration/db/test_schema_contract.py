"""The live catalog against the frozen list in docs/schema-sync.md."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

PAGE = Path(__file__).parents[3] / "docs" / "schema-sync.md"
ABBREVIATIONS = {
    "timestamp with time zone": "timestamptz",
    "time without time zone": "time",
    "character varying": "varchar",
}


@dataclass(frozen=True)
class Column:
    type: str
    default: str
    key: frozenset[str]


@dataclass(frozen=True)
class Row:
    """One line of a table of the page."""

    name: str
    column: Column
    added: bool


def sections() -> dict[str, list[list[str]]]:
    """Heading -> cells of each line of the table under it."""
    found: dict[str, list[list[str]]] = {}
    heading = ""
    for line in PAGE.read_text().splitlines():
        if line.startswith("## "):
            heading = line.removeprefix("## ")
            found[heading] = []
        elif line.startswith("| ") and not line.startswith(("| column", "| ---")):
            found[heading].append([cell.strip() for cell in line.strip("|").split("|")])
    return found


def contract() -> dict[str, list[Row]]:
    return {
        heading: [
            Row(name, Column(type_, default, frozenset(filter(None, key.split(", ")))), bool(added))
            for name, type_, default, key, added in lines
        ]
        for heading, lines in sections().items()
        if heading.islower() and lines
    }


CONTRACT = contract()


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url) as opened:
        yield opened


def live_columns(connection: psycopg.Connection, table: str) -> dict[str, Column]:
    keys = live_keys(connection, table)
    rows = connection.execute(
        """
        SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
          coalesce(pg_get_expr(d.adbin, d.adrelid), '')
        FROM pg_attribute a
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
        """,
        (f"public.{table}",),
    )
    columns = {}
    for name, type_, required, default in rows:
        for long, short in ABBREVIATIONS.items():
            type_ = type_.replace(long, short)
        default = "serial" if default.startswith("nextval") else default.partition("::")[0]
        columns[name] = Column(type_ + "!" * required, default, frozenset(keys.get(name, ())))
    return columns


def live_keys(connection: psycopg.Connection, table: str) -> dict[str, set[str]]:
    """Column -> what the page says about its keys; a key of two columns stands at the second."""
    rows = connection.execute(
        """
        SELECT contype::text, confdeltype::text, confrelid::regclass::text,
          ARRAY(SELECT attname::text FROM unnest(conkey) WITH ORDINALITY AS key(attnum, position)
                JOIN pg_attribute USING (attnum) WHERE attrelid = conrelid ORDER BY position)
        FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('p', 'u', 'f')
        """,
        (f"public.{table}",),
    )
    keys: dict[str, set[str]] = {}
    for kind, on_delete, target, columns in rows:
        *others, last = columns
        if kind == "p":
            said = "PK"
        elif kind == "f":
            said = f"→ {target.removeprefix('public.')}"
            said += {"c": "", "n": " (set null)"}[on_delete]
        else:
            said = f"unique with {' '.join(others)}" if others else "unique"
        keys.setdefault(last, set()).add(said)
    return keys


def test_the_page_lists_the_eleven_tables() -> None:
    assert set(CONTRACT) == {
        "profiles", "projects", "crawl_jobs", "images", "activity_logs", "api_keys",
        "credit_accounts", "credit_transactions", "notifications", "notification_preferences",
        "usage_metrics",
    }  # fmt: skip


@pytest.mark.parametrize("table", CONTRACT)
def test_columns_are_those_of_the_page(connection: psycopg.Connection, table: str) -> None:
    assert live_columns(connection, table) == {row.name: row.column for row in CONTRACT[table]}


@pytest.mark.parametrize("table", CONTRACT)
def test_added_columns_ask_nothing_of_the_frontend(table: str) -> None:
    added = [row for row in CONTRACT[table] if row.added]
    assert all(not row.column.type.endswith("!") or row.column.default for row in added)


@pytest.mark.parametrize(
    ("column", "values"), [(line[0], line[1].split(", ")) for line in sections()["Values"]]
)
def test_values_are_checked(connection: psycopg.Connection, column: str, values: list[str]) -> None:
    table, name = column.split(".")
    definitions = connection.execute(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE contype = 'c' AND conrelid = %s::regclass",
        (f"public.{table}",),
    )
    allowed = [
        re.findall(r"'([a-z]+)'", definition)
        for (definition,) in definitions
        if f"({name})" in definition
    ]
    assert allowed == [values]


INDEXES = {
    "projects": {"(user_id)"},
    "crawl_jobs": {"(project_id, status)", "(created_at)"},
    "images": {"(crawl_job_id, id)", "(hash)"},
    "activity_logs": {'(user_id, "timestamp" DESC)'},
    "api_keys": {"(user_id)"},
    "credit_accounts": {"(user_id)"},
    "credit_transactions": {"(user_id, created_at DESC, id DESC)"},
    "notifications": {"(user_id, created_at DESC)", "(user_id) WHERE (NOT is_read)"},
    "notification_preferences": {"(user_id)"},
    "usage_metrics": {"(user_id, metric_date)", "(metric_date)"},
}


@pytest.mark.parametrize("table", INDEXES)
def test_the_frontends_filters_have_indexes(connection: psycopg.Connection, table: str) -> None:
    rows = connection.execute(
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = %s", (table,)
    )
    assert {definition.partition(" btree ")[2] for (definition,) in rows} >= INDEXES[table]


def test_live_updates_are_published(connection: psycopg.Connection) -> None:
    rows = connection.execute(
        "SELECT tablename FROM pg_publication_tables WHERE pubname = 'supabase_realtime'"
    )
    assert {name for (name,) in rows} == {"crawl_jobs", "notifications"}
