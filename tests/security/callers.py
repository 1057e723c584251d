"""People with rows in every shared table, and what each kind of caller achieves on them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, LiteralString, TypeAlias
from uuid import UUID, uuid4

import psycopg
from psycopg import sql

Query: TypeAlias = sql.SQL | sql.Composed
Values: TypeAlias = Sequence[Any] | Mapping[str, Any] | None

# One row of each table for %(user)s; a child takes the user's own parent row.
INSERT: dict[str, LiteralString] = {
    "profiles": "INSERT INTO profiles (id, email) VALUES (%(user)s, 'x@example.com')",
    "projects": "INSERT INTO projects (name, user_id) VALUES ('project', %(user)s)",
    "crawl_jobs": "INSERT INTO crawl_jobs (project_id, name, keywords) "
    "VALUES (%(project)s, 'job', '[\"cat\"]')",
    "images": "INSERT INTO images (crawl_job_id, original_url, filename) "
    "VALUES (%(job)s, 'https://example.com/a.jpg', 'a.jpg')",
    "activity_logs": "INSERT INTO activity_logs (user_id, action) VALUES (%(user)s, 'login')",
    "api_keys": "INSERT INTO api_keys (user_id, name, key_hash, key_prefix) "
    "VALUES (%(user)s, 'key', gen_random_uuid()::text, 'pk')",
    "credit_accounts": "INSERT INTO credit_accounts (user_id) VALUES (%(user)s)",
    "credit_transactions": "INSERT INTO credit_transactions "
    "(account_id, user_id, type, description, amount, balance_after) "
    "VALUES (%(account)s, %(user)s, 'bonus', 'gift', 5, 5)",
    "usage_metrics": "INSERT INTO usage_metrics (user_id, metric_date) "
    "VALUES (%(user)s, '2026-01-01')",
    "notifications": "INSERT INTO notifications (user_id, type, title, message) "
    "VALUES (%(user)s, 'info', 'Hello', 'World')",
    "notification_preferences": "INSERT INTO notification_preferences (user_id) VALUES (%(user)s)",
}
BY_TRIGGER = {"profiles", "credit_accounts", "notification_preferences"}


class Person:
    """A signed-up user with a row in each of the eleven tables."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.id = uuid4()
        connection.execute(
            "INSERT INTO auth.users (id, email) VALUES (%s, %s)", (self.id, f"{self.id}@x.example")
        )
        self.rows: dict[str, UUID | int] = {"profiles": self.id}
        for table in INSERT:
            if table not in BY_TRIGGER:
                self.rows[table] = self._insert(connection, table)
        for table in BY_TRIGGER - {"profiles"}:
            self.rows[table] = one(
                connection,
                sql.SQL("SELECT id FROM {} WHERE user_id = %s").format(sql.Identifier(table)),
                (self.id,),
            )

    def _insert(self, connection: psycopg.Connection, table: str) -> UUID | int:
        values = self.values(connection)
        return one(connection, sql.SQL(INSERT[table]) + sql.SQL(" RETURNING id"), values)

    def values(self, connection: psycopg.Connection) -> dict[str, Any]:
        account = one(
            connection, sql.SQL("SELECT id FROM credit_accounts WHERE user_id = %s"), (self.id,)
        )
        project, job = self.rows.get("projects"), self.rows.get("crawl_jobs")
        return {"user": self.id, "project": project, "job": job, "account": account}


def one(connection: psycopg.Connection, query: Query, values: Values) -> UUID | int:
    row = connection.execute(query, values).fetchone()
    assert row is not None
    value: UUID | int = row[0]
    return value


def become(connection: psycopg.Connection, role: str, user: UUID | None) -> None:
    """The rest of the transaction runs as the API would run it for that caller."""
    claims = {"role": role} | ({"sub": str(user)} if user else {})
    connection.execute(
        "SELECT set_config('request.jwt.claims', %s, true), set_config('role', %s, true)",
        (json.dumps(claims), role),
    )


def attempt(connection: psycopg.Connection, query: Query, values: Values = None) -> str:
    """`done`, `hidden` (nothing matched) or `denied`; nothing of it lasts."""
    try:
        with connection.transaction(force_rollback=True):
            cursor = connection.execute(query, values)
            return "done" if cursor.rowcount else "hidden"
    except psycopg.errors.InsufficientPrivilege:
        return "denied"
