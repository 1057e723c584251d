"""Deleting past the API, as the frontend and Supabase Auth may: nothing is left behind."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from shared.jobs.messages import CleanupMessage
from shared.platform.data.outbox import SendMessage
from shared.queue_names import BLOB_CLEANUP
from tests.security.callers import Person, become


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url) as opened:
        yield opened


@pytest.fixture
def owner(connection: psycopg.Connection) -> Person:
    """A person with a project, and one job in it that never ran."""
    return Person(connection)


def run(connection: psycopg.Connection, person: Person) -> None:
    """The person's job runs and holds credits."""
    connection.execute(
        "UPDATE crawl_jobs SET status = 'running' WHERE id = %s", (person.rows["crawl_jobs"],)
    )


def add_jobs(connection: psycopg.Connection, project: object, number: int) -> None:
    connection.execute(
        "INSERT INTO crawl_jobs (project_id, name, keywords)"
        " SELECT %s, 'job', '[\"cat\"]' FROM generate_series(1, %s)",
        (project, number),
    )


def ids_of_jobs(connection: psycopg.Connection) -> list[int]:
    return [row[0] for row in connection.execute("SELECT id FROM crawl_jobs ORDER BY id")]


def promised(connection: psycopg.Connection) -> list[list[int]]:
    """The jobs of each message, as whoever sends and receives it reads it."""
    connection.execute("RESET role")
    with connection.cursor(row_factory=dict_row) as cursor:
        rows: list[dict[str, Any]] = cursor.execute(
            "SELECT kind, payload FROM outbox ORDER BY id"
        ).fetchall()
    effects = [SendMessage.model_validate(row["payload"]) for row in rows]
    assert {row["kind"] for row in rows} <= {SendMessage.kind}
    assert {effect.queue for effect in effects} <= {BLOB_CLEANUP}
    return [CleanupMessage.model_validate(effect.message).job_ids for effect in effects]


class TestProject:
    def delete(self, connection: psycopg.Connection, owner: Person) -> None:
        become(connection, "authenticated", owner.id)
        connection.execute("DELETE FROM projects WHERE id = %s", (owner.rows["projects"],))

    def test_its_owner_takes_its_blobs_along(
        self, connection: psycopg.Connection, owner: Person
    ) -> None:
        self.delete(connection, owner)
        assert promised(connection) == [[owner.rows["crawl_jobs"]]]
        assert ids_of_jobs(connection) == []

    def test_one_of_many_jobs_takes_few_messages(
        self, connection: psycopg.Connection, owner: Person
    ) -> None:
        add_jobs(connection, owner.rows["projects"], 9_999)
        ids = ids_of_jobs(connection)
        self.delete(connection, owner)
        messages = promised(connection)
        assert len(messages) == 100
        assert [job_id for message in messages for job_id in message] == ids

    def test_stays_while_a_job_of_it_runs(
        self, connection: psycopg.Connection, owner: Person
    ) -> None:
        run(connection, owner)
        with pytest.raises(psycopg.errors.RestrictViolation), connection.transaction():
            self.delete(connection, owner)
        assert ids_of_jobs(connection) == [owner.rows["crawl_jobs"]]
        assert promised(connection) == []

    def test_without_jobs_promises_nothing(
        self, connection: psycopg.Connection, owner: Person
    ) -> None:
        connection.execute("DELETE FROM crawl_jobs")
        connection.execute("DELETE FROM outbox")
        self.delete(connection, owner)
        assert promised(connection) == []


class TestAccount:
    def delete(self, connection: psycopg.Connection, person: Person) -> None:
        connection.execute("DELETE FROM auth.users WHERE id = %s", (person.id,))

    def test_takes_the_blobs_of_all_projects_along_in_one_message(
        self, connection: psycopg.Connection, owner: Person
    ) -> None:
        other = Person(connection)
        for number in range(1, 4):
            project = connection.execute(
                "INSERT INTO projects (name, user_id) VALUES ('p', %s) RETURNING id", (owner.id,)
            ).fetchone()
            assert project
            add_jobs(connection, project[0], number)
        ids = ids_of_jobs(connection)
        self.delete(connection, owner)
        ids.remove(int(str(other.rows["crawl_jobs"])))
        assert promised(connection) == [ids]
        assert ids_of_jobs(connection) == [other.rows["crawl_jobs"]]

    def test_stays_while_a_job_of_it_runs(
        self, connection: psycopg.Connection, owner: Person
    ) -> None:
        run(connection, owner)
        with pytest.raises(psycopg.errors.RestrictViolation), connection.transaction():
            self.delete(connection, owner)
        assert ids_of_jobs(connection) == [owner.rows["crawl_jobs"]]

    def test_takes_along_what_was_written_to_the_person(
        self, connection: psycopg.Connection, owner: Person
    ) -> None:
        other = Person(connection)
        for person in (owner, other):
            for sent in ("now()", "NULL"):
                message = {"user_id": str(person.id), "title": "Job completed: Ada's cats"}
                connection.execute(
                    "INSERT INTO outbox (kind, key, payload, sent_at) VALUES"
                    f" ('queue_message', gen_random_uuid()::text, %s, {sent})",
                    (Jsonb({"queue": "notifications", "message": message}),),
                )
        self.delete(connection, owner)
        left = connection.execute(
            "SELECT payload #>> '{message,user_id}' FROM outbox"
            " WHERE payload ->> 'queue' = 'notifications'"
        ).fetchall()
        assert left == [(str(other.id),)] * 2


class TestJob:
    def test_stays_while_it_runs_whoever_deletes_it(
        self, connection: psycopg.Connection, owner: Person
    ) -> None:
        run(connection, owner)
        become(connection, "service_role", None)
        with pytest.raises(psycopg.errors.RestrictViolation), connection.transaction():
            connection.execute("DELETE FROM crawl_jobs")
        connection.execute("UPDATE crawl_jobs SET status = 'cancelled'")
        connection.execute("DELETE FROM crawl_jobs")
        assert promised(connection) == [[owner.rows["crawl_jobs"]]]
