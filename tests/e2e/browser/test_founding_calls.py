"""The calls that the founding documents spell out, sent as they are written there."""

import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from playwright.sync_api import Page

from scripts.crawl.api import Api
from scripts.devhost.stack import LocalStack
from tests.crawling import start_crawl, wait_for_end
from tests.e2e.browser.conftest import ALLOWED, signing_in

FETCH = """
async ({ supabaseUrl, anonKey, apiUrl, email, password, projectId }) => {
  const client = supabase.createClient(supabaseUrl, anonKey);
  await client.auth.signInWithPassword({ email, password });
  const { data: { session } } = await client.auth.getSession();
  const token = session?.access_token;
  const response = await fetch(`${apiUrl}/api/v1/crawl-jobs/`, {
    method: "POST",
    headers: { "Authorization": `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify({
      project_id: projectId, name: "My Crawl Job", keywords: ["cats", "dogs"], max_images: 100,
    }),
  });
  return { status: response.status, job: await response.json() };
}
"""
CURL = {
    "health": "curl -f $API/api/v1/health/ || exit 1",
    "health without a version": "curl -f $API/health",
    "OpenAPI": "curl -f $API/openapi.json",
    "documentation": "curl -f $API/docs",
    "sign-in": 'curl -f -H "Authorization: Bearer $TOKEN" $API/api/v1/auth/me',
}


def test_the_frontends_call_makes_a_job_that_runs(
    frontend: Page, stack: LocalStack, api: Api
) -> None:
    project = api.post("projects", {"name": "of the frontend"})
    frontend.goto(f"{ALLOWED}/")
    made = frontend.evaluate(FETCH, signing_in(stack) | {"projectId": project["id"]})
    assert made["status"] == 201
    assert made["job"]["status"] == "running"
    wait_for_end(api, made["job"]["id"])


def curl(command: str, stack: LocalStack, token: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", command], env={"API": stack.info.api_url, "TOKEN": token},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("name", CURL)
def test_each_line_of_curl_succeeds(name: str, stack: LocalStack, api: Api) -> None:
    done = curl(CURL[name], stack, api.authorization.removeprefix("Bearer "))
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_a_line_of_curl_fails_without_its_token(stack: LocalStack) -> None:
    assert curl(CURL["sign-in"], stack, "").returncode != 0


class Subscription:
    """What a subscriber of a publication is sent: pgoutput, version 1 of its messages."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._tables: dict[int, tuple[str, list[str]]] = {}

    def updates(self, table: str) -> list[dict[str, str | None]]:
        """The new rows of the updates since the last call, by column."""
        rows = self._connection.execute(
            """
            SELECT data FROM pg_logical_slot_get_binary_changes(
              'founding', NULL, NULL, 'proto_version', '1',
              'publication_names', 'supabase_realtime')
            """
        )
        found = []
        for (message,) in rows.fetchall():
            if message[:1] == b"R":
                self._note(message)
            elif message[:1] == b"U":
                name, columns = self._tables[struct.unpack_from(">I", message, 1)[0]]
                if name == table:
                    found.append(dict(zip(columns, _new_row(message), strict=True)))
        return found

    def _note(self, message: bytes) -> None:
        schema, name, rest = message[5:].split(b"\0", 2)
        count = struct.unpack_from(">H", rest, 1)[0]
        columns, at = [], 3
        for _ in range(count):
            end = rest.index(b"\0", at + 1)
            columns.append(rest[at + 1 : end].decode())
            at = end + 9  # the column's type and modifier
        self._tables[struct.unpack_from(">I", message, 1)[0]] = (
            f"{schema.decode()}.{name.decode()}",
            columns,
        )


def _new_row(message: bytes) -> Iterator[str | None]:
    assert message[5:6] == b"N"  # no old row comes before it: the key never changes
    at = 8
    while at < len(message):
        kind, at = message[at : at + 1], at + 1
        if kind != b"t":
            yield None  # NULL, or large and unchanged
            continue
        length = struct.unpack_from(">I", message, at)[0]
        yield message[at + 4 : at + 4 + length].decode()
        at += 4 + length


@contextmanager
def subscribed(stack: LocalStack) -> Iterator[Subscription]:
    with psycopg.connect(stack.info.database_url, autocommit=True) as connection:
        connection.execute("SELECT pg_create_logical_replication_slot('founding', 'pgoutput')")
        try:
            yield Subscription(connection)
        finally:
            connection.execute("SELECT pg_drop_replication_slot('founding')")


def test_a_subscriber_of_job_updates_is_told_of_each(stack: LocalStack, api: Api) -> None:
    with subscribed(stack) as subscription:
        job_id = start_crawl(api, ("cat",), 20)
        wait_for_end(api, job_id)
        told = [
            row for row in subscription.updates("public.crawl_jobs") if row["id"] == str(job_id)
        ]
        assert told[-1]["status"] == "completed"
        assert {row["status"] for row in told} == {"running", "completed"}
        counts = [int(row["valid_images"] or 0) for row in told]
        assert counts == sorted(counts)
        assert counts[-1] == 20
        assert subscription.updates("public.crawl_jobs") == []
