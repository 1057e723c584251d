"""production_schema.sql makes the database that the migrations make, and is what they say today."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from scripts.azure import schema
from scripts.devhost.stack import LocalStack, databases

# What makes up a schema, a row for each fact; names stand for the object ids they are compared by.
CATALOG = r"""
WITH mine AS (
  SELECT oid, relname, relkind, relpersistence, relrowsecurity, relforcerowsecurity, relreplident,
    reloptions, relacl, relowner
  FROM pg_class WHERE relnamespace = 'public'::regnamespace
)
SELECT 'relation', concat_ws(' ', relname, relkind, relpersistence, relrowsecurity,
  relforcerowsecurity, relreplident, reloptions, pg_get_userbyid(relowner))
FROM mine
UNION ALL SELECT 'column', concat_ws(' ', relname,
  row_number() OVER (PARTITION BY attrelid ORDER BY attnum), attname,
  format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated,
  pg_get_expr(adbin, adrelid))
FROM pg_attribute JOIN mine ON mine.oid = attrelid AND relkind IN ('r', 'p')
LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE attnum > 0 AND NOT attisdropped
-- "varchar IN (…)" reads back with its casts elsewhere, so they are left out with their brackets.
UNION ALL SELECT 'constraint', concat_ws(' ', relname, conname,
  regexp_replace(pg_get_constraintdef(c.oid), '::[a-z ]+(\[\])?|[()]', '', 'g'))
FROM pg_constraint AS c JOIN mine ON mine.oid = conrelid
UNION ALL SELECT 'index',
  regexp_replace(pg_get_indexdef(mine.oid), '::[a-z ]+(\[\])?|[()]', '', 'g')
FROM mine WHERE relkind IN ('i', 'I')
UNION ALL SELECT 'sequence', concat_ws(' ', relname, format_type(seqtypid, NULL), seqstart,
  seqincrement, seqmax, seqmin, seqcache, seqcycle, refobjid::regclass, refobjsubid)
FROM pg_sequence JOIN mine ON mine.oid = seqrelid
LEFT JOIN pg_depend ON objid = seqrelid AND deptype IN ('a', 'i')
  AND refclassid = 'pg_class'::regclass
UNION ALL SELECT 'policy', concat_ws(' ', tablename, policyname, permissive, roles, cmd, qual,
  with_check)
FROM pg_policies
UNION ALL SELECT 'function', pg_get_functiondef(oid)
FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL SELECT 'trigger', concat_ws(' ', tgenabled, pg_get_triggerdef(oid))
FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'right', concat_ws(' ', relname, a.privilege_type, a.grantee::regrole,
  a.is_grantable)
FROM mine, aclexplode(coalesce(relacl, acldefault('r', relowner))) AS a
WHERE relkind IN ('r', 'p', 'v', 'S')
UNION ALL SELECT 'right of column', concat_ws(' ', relname, attname, a.privilege_type,
  a.grantee::regrole)
FROM pg_attribute JOIN mine ON mine.oid = attrelid, aclexplode(attacl) AS a
UNION ALL SELECT 'right of function', concat_ws(' ', p.oid::regprocedure, a.grantee::regrole)
FROM pg_proc AS p, aclexplode(coalesce(proacl, acldefault('f', proowner))) AS a
WHERE pronamespace = 'public'::regnamespace
UNION ALL SELECT 'right of schema', concat_ws(' ', a.privilege_type, a.grantee::regrole)
FROM pg_namespace, aclexplode(nspacl) AS a WHERE nspname = 'public'
UNION ALL SELECT 'right by default', concat_ws(' ', defaclobjtype, defaclrole::regrole,
  a.privilege_type, a.grantee::regrole)
FROM pg_default_acl, aclexplode(defaclacl) AS a
UNION ALL SELECT 'published', concat_ws(' ', pubname, schemaname, tablename, attnames, rowfilter)
FROM pg_publication_tables
UNION ALL SELECT 'type', concat_ws(' ', typname, typtype, pg_catalog.format_type(typbasetype, NULL))
FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype IN ('d', 'e', 'r')
UNION ALL SELECT 'comment', concat_ws(' ', classoid::regclass, description)
FROM pg_description JOIN mine ON mine.oid = objoid
UNION ALL SELECT 'extension', extname FROM pg_extension
UNION ALL SELECT 'setting', concat_ws(' ', name, value) FROM public.service_settings
UNION ALL SELECT 'migration', version FROM public.schema_migrations
"""


def catalog(connection: psycopg.Connection) -> set[tuple[str, str]]:
    facts = {(kind, fact) for kind, fact in connection.execute(CATALOG)}
    assert len({kind for kind, _ in facts}) >= 14  # a query that finds nothing compares nothing
    return facts | {("rows", rows) for rows in row_counts(connection)}


def row_counts(connection: psycopg.Connection) -> list[str]:
    tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    counted = []
    for (table,) in tables.fetchall():
        query = sql.SQL("SELECT count(*) FROM public.{}").format(sql.Identifier(table))
        counted.append(f"{table} {connection.execute(query).fetchone()}")
    return counted


@pytest.fixture
def migrated(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def new(stack_services: LocalStack) -> Iterator[psycopg.Connection]:
    """A new database as Supabase makes it."""
    server, name = stack_services.info.database_url, f"new_{uuid4().hex}"
    with psycopg.connect(databases.create_database(server, name), autocommit=True) as connection:
        connection.execute(databases.SUPABASE_SQL.read_bytes())
        yield connection
    databases.drop_database(server, name)


def test_is_what_the_migrations_say(database_url: str) -> None:
    wanted = schema.render(database_url)
    assert schema.FILE.read_text() == wanted, "run python -m scripts.azure.schema"


def test_makes_what_the_migrations_make(
    stack_services: LocalStack, migrated: psycopg.Connection, new: psycopg.Connection
) -> None:
    new.execute(schema.FILE.read_bytes())
    assert catalog(new) == catalog(migrated)
    # What comes later goes on top, and is undone, as on a database that was migrated.
    for connection in (new, migrated):
        server = stack_services.info.database_url.rpartition("/")[0]
        url = f"{server}/{connection.info.dbname}"
        databases.migrate(url)
        databases.run_dbmate(url, "down", databases.MIGRATIONS)
    assert catalog(new) == catalog(migrated)


DIFFERENCES = {
    "REVOKE ALL ON TABLES FROM anon, authenticated, service_role": "GRANT ALL ON TABLES TO anon",
    "ALTER TABLE public.outbox ENABLE ROW LEVEL SECURITY": "SELECT 1",
    "ADD TABLE ONLY public.notifications": "SET (publish = 'insert')",
    "CREATE TRIGGER on_auth_user_created AFTER INSERT": "CREATE TRIGGER other AFTER UPDATE",
    "GRANT SELECT(user_id) ON TABLE public.api_keys": "GRANT SELECT(key_hash) ON public.api_keys",
    "'admin'::character varying": "'other'::character varying",
    "  ('20261201100001'),\n": "",
    "('signup_bonus_credits', '1000')": "('signup_bonus_credits', '0')",
}


def test_a_difference_is_found(migrated: psycopg.Connection, new: psycopg.Connection) -> None:
    text, wanted = schema.FILE.read_text(), catalog(migrated)
    for there, instead in DIFFERENCES.items():
        assert there in text
        new.execute(text.replace(there, instead, 1).replace("COMMIT;", "").encode())
        assert catalog(new) != wanted, there
        new.execute("ROLLBACK")


def test_is_all_or_nothing(new: psycopg.Connection) -> None:
    text = schema.FILE.read_text()
    with pytest.raises(psycopg.errors.UndefinedTable):
        new.execute(text.replace("public.outbox ENABLE", "public.nothing ENABLE").encode())
    new.execute("ROLLBACK")
    new.execute(text.encode())


@pytest.mark.parametrize(
    ("line", "ours"),
    [
        ("221; 1259 16390 TABLE public profiles postgres", True),
        ("3500; 2606 16500 FK CONSTRAINT public profiles profiles_id_fkey postgres", True),
        ("3544; 2620 16937 TRIGGER auth users on_auth_user_created supabase_auth_admin", True),
        ("3600; 6106 17000 PUBLICATION TABLE public notifications postgres", True),
        ("3601; 0 0 ACL public TABLE profiles postgres", True),
        ("2200; 826 17001 DEFAULT ACL public DEFAULT PRIVILEGES FOR TABLES postgres", True),
        ("5; 2615 2200 SCHEMA - public pg_database_owner", False),
        ("3602; 0 0 ACL - SCHEMA public pg_database_owner", False),
        ("6; 2615 16391 SCHEMA - auth supabase_auth_admin", False),
        ("220; 1259 16392 TABLE auth users supabase_auth_admin", False),
        ("3700; 6104 16999 PUBLICATION - supabase_realtime postgres", False),
        (";     Dumped from database version: 17.10", False),
    ],
)
def test_only_what_migrations_make_is_ours(line: str, ours: bool) -> None:
    assert schema.is_ours(line) is ours
