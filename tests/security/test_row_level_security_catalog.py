"""What holds for every table, and what row-level security costs."""

from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from tests.security.callers import INSERT, Person, attempt, become

SHARED = list(INSERT)


class TestCatalog:
    def test_every_table_has_row_level_security(self, connection: psycopg.Connection) -> None:
        rows = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
            "AND relkind IN ('r', 'p') AND NOT relrowsecurity"
        )
        assert rows.fetchall() == []

    def test_policies_are_for_signed_in_users_alone(self, connection: psycopg.Connection) -> None:
        rows = connection.execute(
            "SELECT policyname FROM pg_policies "
            "WHERE schemaname = 'public' AND roles <> '{authenticated}'"
        )
        assert rows.fetchall() == []

    def test_internal_tables_and_sequences_are_unreachable(
        self, connection: psycopg.Connection
    ) -> None:
        rows = connection.execute(
            """
            SELECT relname, role FROM pg_class, unnest('{anon,authenticated}'::name[]) AS role
            WHERE relnamespace = 'public'::regnamespace AND (
              relkind IN ('r', 'p', 'v', 'm') AND relname <> ALL (%(shared)s)
                AND (has_table_privilege(role, oid, 'TRUNCATE, REFERENCES, TRIGGER, DELETE')
                  OR has_any_column_privilege(role, oid, 'SELECT, INSERT, UPDATE'))
              OR relkind = 'S' AND relname <> 'projects_id_seq'
                AND has_sequence_privilege(role, oid, 'USAGE, SELECT, UPDATE'))
            """,
            {"shared": SHARED},
        )
        assert rows.fetchall() == []

    def test_nobody_may_truncate_or_hang_triggers(self, connection: psycopg.Connection) -> None:
        rows = connection.execute(
            """
            SELECT relname, role FROM pg_class,
              unnest('{anon,authenticated,service_role}'::name[]) AS role
            WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
              AND has_table_privilege(role, oid, 'TRUNCATE, REFERENCES, TRIGGER')
            """
        )
        assert rows.fetchall() == []

    def test_the_service_role_may_change_every_row(self, connection: psycopg.Connection) -> None:
        Person(connection)
        become(connection, "service_role", None)
        for table in SHARED:
            query = sql.SQL("UPDATE {0} SET id = id").format(sql.Identifier(table))
            assert attempt(connection, query) == "done"

    def test_functions_are_pinned_and_not_callable(self, connection: psycopg.Connection) -> None:
        rows = connection.execute(
            """
            SELECT proname, proconfig,
              has_function_privilege('anon', oid, 'EXECUTE')
              OR has_function_privilege('authenticated', oid, 'EXECUTE')
            FROM pg_proc WHERE pronamespace = 'public'::regnamespace
            """
        ).fetchall()
        assert rows
        assert {(tuple(config), callable_) for _, config, callable_ in rows} == {
            (('search_path=""',), False)
        }

    def test_a_new_table_starts_closed(self, connection: psycopg.Connection) -> None:
        connection.execute("CREATE TABLE public.later (id serial)")
        for role in ("anon", "authenticated"):
            become(connection, role, uuid4())
            assert attempt(connection, sql.SQL("SELECT id FROM public.later")) == "denied"
            connection.execute("RESET role")


class TestCost:
    """The owner's identity is looked up once a query, and the owner's index is used."""

    @pytest.mark.parametrize("table", SHARED)
    def test_uid_is_evaluated_once(self, connection: psycopg.Connection, table: str) -> None:
        owner = Person(connection)
        become(connection, "authenticated", owner.id)
        query = sql.SQL("EXPLAIN SELECT id FROM {}").format(sql.Identifier(table))
        plan = "\n".join(line for (line,) in connection.execute(query))
        assert "InitPlan" in plan
        assert "SubPlan" not in plan

    def test_own_images_are_found_by_index_among_100_000(
        self, connection: psycopg.Connection
    ) -> None:
        owner, other = Person(connection), Person(connection)
        connection.execute(
            """
            WITH job AS (
              INSERT INTO crawl_jobs (project_id, name, keywords)
              SELECT %s, 'job ' || n, '["cat"]' FROM generate_series(1, 200) AS n RETURNING id
            )
            INSERT INTO images (crawl_job_id, original_url, filename)
            SELECT id, 'https://example.com/' || n, n || '.jpg'
            FROM job, generate_series(1, 500) AS n
            """,
            (other.rows["projects"],),
        )
        connection.execute("ANALYZE images")
        become(connection, "authenticated", owner.id)
        plans = []
        for _ in range(20):
            row = connection.execute(
                "EXPLAIN (ANALYZE, FORMAT JSON) SELECT id, filename FROM images"
            ).fetchone()
            assert row is not None
            plans.append(row[0][0])
        scans = {(plan["Plan"]["Node Type"], plan["Plan"]["Actual Rows"]) for plan in plans}
        assert all("Seq Scan" not in node and rows == 1 for node, rows in scans)
        assert min(plan["Execution Time"] for plan in plans) < 20
