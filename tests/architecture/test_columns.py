"""Columns of internal tables: somebody reads each, or it is only kept up to date."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# The tables of the first are the frontend's, too: docs/schema-sync.md says what they have.
_, *MIGRATIONS = sorted((ROOT / "infra/db/migrations").glob("*.sql"))

TABLE = re.compile(r"CREATE (?:UNLOGGED )?TABLE public\.(\w+) \((.*?)\n\)", re.DOTALL)
COLUMN = re.compile(r"^  ([a-z]\w*) ", re.MULTILINE)
ADDED = re.compile(r"ALTER TABLE public\.(\w+)\s+ADD (?:COLUMN )?([a-z]\w*) ")
FUNCTION = re.compile(r"CREATE FUNCTION.*?\$\$;", re.DOTALL)
# What names columns and reads none: where rows are inserted, what they are set to, parameters.
WRITTEN = re.compile(
    r"INSERT INTO [\w.]+(?: AS \w+)?\s*\([^)]*\)"
    r"|\bSET\b.*?(?=\bFROM\b|\bWHERE\b|\bRETURNING\b|\Z)"
    r"|%\(\w+\)s",
    re.DOTALL,
)


def columns(migration: str) -> set[tuple[str, str]]:
    """The tables that it makes or adds to, each with its columns."""
    made = {
        (table, name) for table, body in TABLE.findall(migration) for name in COLUMN.findall(body)
    }
    return made | set(ADDED.findall(migration))


def strings(source: str) -> Iterator[str]:
    """The strings of a Python file, SQL among them."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def unread(made: set[tuple[str, str]], statements: list[str]) -> list[str]:
    """The columns that no statement about their table names, but to write them."""
    named = [set(re.findall(r"\w+", statement)) for statement in statements]
    read = [set(re.findall(r"\w+", WRITTEN.sub(" ", statement))) for statement in statements]
    return [
        f"{table}.{column}"
        for table, column in sorted(made)
        if not any(table in n and column in r for n, r in zip(named, read, strict=True))
    ]


def test_somebody_reads_every_column_of_an_internal_table() -> None:
    migrations = [path.read_text() for path in MIGRATIONS]
    statements = [
        *(s for path in (ROOT / "shared").rglob("*repo.py") for s in strings(path.read_text())),
        *(body for migration in migrations for body in FUNCTION.findall(migration)),
        *re.findall(r"`(SELECT [^`]*)`", (ROOT / "docs/operations.md").read_text()),
    ]
    made = {column for migration in migrations for column in columns(migration)}
    assert {"runs", "outbox", "crawl_candidates"} <= {table for table, _ in made}
    assert unread(made, statements) == []


MADE = """
CREATE TABLE public.notes (
  id bigserial PRIMARY KEY,
  text text NOT NULL
    CHECK (text <> ''),
  seen timestamptz,
  UNIQUE (text)
);
ALTER TABLE public.notes ADD COLUMN seen_by uuid;
"""


@pytest.mark.parametrize(
    ("statement", "read"),
    [
        ("SELECT id, text, seen, seen_by FROM notes", {"id", "text", "seen", "seen_by"}),
        ("SELECT id, text, seen, seen_by FROM others", set()),
        ("INSERT INTO notes AS n (id, text)\nVALUES (1, %(text)s) RETURNING id", {"id"}),
        ("UPDATE notes SET seen = now(), seen_by = %(id)s WHERE text = 'a'", {"text"}),
    ],
)
def test_a_column_that_nobody_reads_is_found(statement: str, read: set[str]) -> None:
    known = {"id", "text", "seen", "seen_by"}
    assert columns(MADE) == {("notes", column) for column in known}
    assert set(unread(columns(MADE), [statement])) == {f"notes.{c}" for c in known - read}
