"""Who may do what in the database, cell by cell: 11 tables x 3 callers x 4 operations."""

from typing import LiteralString
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from tests.security.callers import INSERT, Person, attempt, become

OWN, NO = "own", "-"
# What a signed-in user may do with rows: the table of docs/schema-sync.md's contract.
ACCESS = {
    #                            select insert update delete
    "profiles":                 (OWN,   NO,    OWN,   NO),  # an upsert of what is there: update
    "projects":                 (OWN,   OWN,   OWN,   OWN),
    "crawl_jobs":               (OWN,   NO,    NO,    NO),
    "images":                   (OWN,   NO,    NO,    NO),
    "activity_logs":            (OWN,   NO,    NO,    NO),
    "api_keys":                 (OWN,   NO,    NO,    NO),
    "credit_accounts":          (OWN,   NO,    NO,    NO),
    "credit_transactions":      (OWN,   NO,    NO,    NO),
    "usage_metrics":            (OWN,   NO,    NO,    NO),
    "notifications":            (OWN,   NO,    OWN,   OWN),
    "notification_preferences": (OWN,   OWN,   OWN,   NO),
}  # fmt: skip
UPDATABLE = {
    # id and email with unchanged values alone: test_profile_upsert.py.
    "profiles": {
        "id", "email", "full_name", "avatar_url", "onboarding_completed",
        "onboarding_completed_at", "updated_at",
    },
    "projects": {"name", "description", "status", "updated_at"},
    "notifications": {"is_read", "read_at"},
    "notification_preferences": {
        "email_enabled", "push_enabled", "sms_enabled", "crawl_jobs_enabled", "datasets_enabled",
        "billing_enabled", "security_enabled", "marketing_enabled", "product_updates_enabled",
        "digest_frequency", "quiet_hours_start", "quiet_hours_end",
    },
}  # fmt: skip
UPDATE = {
    "profiles": "full_name", "projects": "name", "crawl_jobs": "name", "images": "filename",
    "activity_logs": "action", "api_keys": "name", "credit_accounts": "current_balance",
    "credit_transactions": "amount", "usage_metrics": "api_calls", "notifications": "is_read",
    "notification_preferences": "email_enabled",
}  # fmt: skip


def attempts(
    connection: psycopg.Connection, table: str, owner: Person, role: str, user: UUID | None
) -> tuple[str, ...]:
    """What the caller achieves on the owner's row, for the four operations."""
    values = owner.values(connection)
    name, column = sql.Identifier(table), sql.Identifier(UPDATE[table])
    row = {"row": owner.rows[table]}
    if table == "notification_preferences":  # there is one a person: make room for the insert
        connection.execute("DELETE FROM notification_preferences WHERE id = %(row)s", row)
    become(connection, role, user)
    insert = attempt(connection, sql.SQL(INSERT[table]), values)
    connection.execute("RESET role")
    if table == "notification_preferences":
        connection.execute(
            "INSERT INTO notification_preferences (id, user_id) VALUES (%s, %s)",
            (owner.rows[table], owner.id),
        )
    become(connection, role, user)
    select, update, delete = (
        attempt(connection, query.format(name, column=column), row)
        for query in (
            sql.SQL("SELECT id FROM {} WHERE id = %(row)s"),
            sql.SQL("UPDATE {} SET {column} = {column} WHERE id = %(row)s"),
            sql.SQL("DELETE FROM {} WHERE id = %(row)s"),
        )
    )
    return select, insert, update, delete


@pytest.mark.parametrize("table", ACCESS)
class TestMatrix:
    def test_owner(self, connection: psycopg.Connection, table: str) -> None:
        owner = Person(connection)
        expected = tuple("done" if cell == OWN else "denied" for cell in ACCESS[table])
        assert attempts(connection, table, owner, "authenticated", owner.id) == expected

    def test_other_user(self, connection: psycopg.Connection, table: str) -> None:
        owner, other = Person(connection), Person(connection)
        select, _, update, delete = (
            "hidden" if cell == OWN else "denied" for cell in ACCESS[table]
        )
        found = attempts(connection, table, owner, "authenticated", other.id)
        assert found == (select, "denied", update, delete)

    def test_anonymous(self, connection: psycopg.Connection, table: str) -> None:
        owner = Person(connection)
        assert attempts(connection, table, owner, "anon", None) == ("denied",) * 4

    def test_unfiltered_select_shows_own_rows_only(
        self, connection: psycopg.Connection, table: str
    ) -> None:
        owner, _ = Person(connection), Person(connection)
        become(connection, "authenticated", owner.id)
        rows = connection.execute(
            sql.SQL("SELECT DISTINCT id FROM {}").format(sql.Identifier(table))
        ).fetchall()
        own = owner.rows[table]
        assert (own,) in rows
        # The signup bonus is a second row of the owner's own.
        assert len(rows) == (2 if table == "credit_transactions" else 1)

    def test_token_without_subject_sees_nothing(
        self, connection: psycopg.Connection, table: str
    ) -> None:
        Person(connection)
        become(connection, "authenticated", None)
        query = sql.SQL("SELECT id FROM {}").format(sql.Identifier(table))
        assert attempt(connection, query) == "hidden"

    def test_updatable_columns(self, connection: psycopg.Connection, table: str) -> None:
        rows = connection.execute(
            """
            SELECT attname FROM pg_attribute
            WHERE attrelid = %(table)s::regclass AND attnum > 0 AND NOT attisdropped
              AND has_column_privilege('authenticated', attrelid, attnum, 'UPDATE')
            """,
            {"table": f"public.{table}"},
        )
        assert {name for (name,) in rows} == UPDATABLE.get(table, set())


class TestHolesOfTheEarlierSchema:
    """Each worked before: a signed-in user acting on their own rows."""

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE credit_accounts SET current_balance = 999999",
            "UPDATE credit_accounts SET tier = 'enterprise'",
            "UPDATE profiles SET role = 'admin'",
            "INSERT INTO notifications (user_id, type, title, message) "
            "VALUES (auth.uid(), 'info', 'You won', 'Click here')",
            "INSERT INTO activity_logs (user_id, action) VALUES (auth.uid(), 'admin.approved')",
            "INSERT INTO crawl_jobs (project_id, name, keywords, status, valid_images) "
            "SELECT id, 'done', '[]', 'completed', 999999 FROM projects",
            "INSERT INTO api_keys (user_id, name, key_hash, key_prefix, rate_limit) "
            "VALUES (auth.uid(), 'mine', 'hash', 'pk', 1000000)",
            "UPDATE api_keys SET rate_limit = 1000000",
        ],
    )
    def test_is_closed(self, connection: psycopg.Connection, statement: LiteralString) -> None:
        owner = Person(connection)
        become(connection, "authenticated", owner.id)
        assert attempt(connection, sql.SQL(statement)) == "denied"

    def test_a_project_cannot_be_given_away(self, connection: psycopg.Connection) -> None:
        owner, other = Person(connection), Person(connection)
        become(connection, "authenticated", owner.id)
        query = sql.SQL("UPDATE projects SET user_id = %s")
        assert attempt(connection, query, (other.id,)) == "denied"

    def test_key_hash_is_never_readable(self, connection: psycopg.Connection) -> None:
        owner = Person(connection)
        become(connection, "authenticated", owner.id)
        assert attempt(connection, sql.SQL("SELECT key_hash FROM api_keys")) == "denied"
        assert attempt(connection, sql.SQL("SELECT * FROM api_keys")) == "denied"
        assert attempt(connection, sql.SQL("SELECT key_prefix FROM api_keys")) == "done"
