"""The frontend upserts a profile by id and email; neither they nor the role change by that."""

from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from tests.fakes.postgrest import update, upsert
from tests.security.callers import Person, attempt, become

LATER = "2099-01-01T00:00:00Z"


def email(person: Person) -> str:
    return f"{person.id}@x.example"


def onboarded(person: Person, **changes: Any) -> dict[str, Any]:
    """What the frontend sends when a person has been welcomed."""
    return {
        "id": str(person.id),
        "email": email(person),
        "onboarding_completed": True,
        "onboarding_completed_at": "2026-01-02T03:04:05Z",
        "updated_at": LATER,
    } | changes


@pytest.fixture
def owner(connection: psycopg.Connection) -> Person:
    """A person whose browser speaks for the rest of the transaction."""
    person = Person(connection)
    become(connection, "authenticated", person.id)
    return person


class TestUpsert:
    def test_onboarding_is_completed(self, connection: psycopg.Connection, owner: Person) -> None:
        connection.execute(upsert("profiles", onboarded(owner, full_name="Ada", avatar_url="a")))
        row = connection.execute(
            "SELECT id, email, full_name, avatar_url, role, onboarding_completed, "
            "onboarding_completed_at::date::text, updated_at < clock_timestamp() FROM profiles"
        ).fetchall()
        assert row == [(owner.id, email(owner), "Ada", "a", "user", True, "2026-01-02", True)]

    @pytest.mark.parametrize(
        "changes",
        [
            {"email": "admin@x.example"},
            {"email": None},
            {"id": str(uuid4())},
            {"role": "admin"},
            {"role": "user"},
            {"created_at": LATER},
        ],
    )
    def test_nothing_else_may_be_sent(
        self, connection: psycopg.Connection, owner: Person, changes: dict[str, Any]
    ) -> None:
        statement = upsert("profiles", onboarded(owner, **changes))
        assert attempt(connection, statement) == "denied"

    @pytest.mark.parametrize("of", ["both", "id", "email"])
    def test_anothers_profile_is_out_of_reach(
        self, connection: psycopg.Connection, of: str
    ) -> None:
        owner, other = Person(connection), Person(connection)
        changes = {"id": str(other.id), "email": email(other)}
        become(connection, "authenticated", owner.id)
        sent = onboarded(owner, **{k: v for k, v in changes.items() if of in ("both", k)})
        assert attempt(connection, upsert("profiles", sent)) == "denied"

    def test_a_missing_profile_is_not_made(self, connection: psycopg.Connection) -> None:
        person = Person(connection)
        connection.execute("DELETE FROM profiles WHERE id = %s", (person.id,))
        become(connection, "authenticated", person.id)
        assert attempt(connection, upsert("profiles", onboarded(person))) == "denied"

    def test_an_anonymous_caller_is_refused(self, connection: psycopg.Connection) -> None:
        person = Person(connection)
        become(connection, "anon", None)
        assert attempt(connection, upsert("profiles", onboarded(person))) == "denied"


class TestUpdate:
    def test_id_and_email_may_be_named(self, connection: psycopg.Connection, owner: Person) -> None:
        same = {"id": str(owner.id), "email": email(owner), "full_name": "Ada"}
        statement = update("profiles", same, {"id": str(owner.id)})
        assert attempt(connection, statement) == "done"

    @pytest.mark.parametrize("column", ["id", "email"])
    def test_id_and_email_stay(
        self, connection: psycopg.Connection, owner: Person, column: str
    ) -> None:
        statement = update("profiles", {column: str(uuid4())}, {"id": str(owner.id)})
        assert attempt(connection, statement) == "denied"

    def test_the_service_changes_an_email(
        self, connection: psycopg.Connection, owner: Person
    ) -> None:
        become(connection, "service_role", None)
        statement = update("profiles", {"email": "new@x.example"}, {"id": str(owner.id)})
        assert attempt(connection, statement) == "done"

    def test_a_projects_time_of_change_may_be_named_and_is_the_servers(
        self, connection: psycopg.Connection, owner: Person
    ) -> None:
        named = {"name": "new", "updated_at": LATER}
        connection.execute(update("projects", named, {"id": str(owner.rows["projects"])}))
        row = connection.execute(
            "SELECT name, updated_at < clock_timestamp() FROM projects"
        ).fetchall()
        assert row == [("new", True)]


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        (
            "profiles",
            "id email full_name avatar_url onboarding_completed onboarding_completed_at updated_at",
        ),
        ("projects", "name description user_id status"),
    ],
)
def test_insertable_columns(connection: psycopg.Connection, table: str, columns: str) -> None:
    query = sql.SQL(
        "SELECT attname FROM pg_attribute WHERE attrelid = {}::regclass AND attnum > 0 "
        "AND has_column_privilege('authenticated', attrelid, attnum, 'INSERT')"
    ).format(f"public.{table}")
    assert {name for (name,) in connection.execute(query)} == set(columns.split())
