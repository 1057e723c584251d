"""Idempotency keys through the whole of ``serve``: one effect, one answer, whatever happens."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from uuid import UUID

import azure.functions as func
import psycopg
import pytest
from pydantic import BaseModel, ConfigDict, SecretStr

from shared.app.composition import Services
from shared.app.http import Call
from shared.app.settings import Settings
from shared.platform.data.db import Database
from shared.platform.errors import Conflict
from shared.platform.http import serving
from shared.platform.http.answer import Answer, Reply
from shared.platform.http.auth.principal import Principal
from shared.platform.http.registry import Endpoint
from shared.platform.idempotency import repo
from tests.integration.conftest import make_user


class ProjectBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str


class Made(BaseModel):
    id: int
    secret: str


class Refused(Conflict):
    """Not today"""

    code = "refused"


CREATE = Endpoint(
    name="create_thing", method="POST", path="api/v1/things", summary="", access="caller",
    scope="projects", returns={201: Made}, raises=(), parameters={}, body=ProjectBody, query=None,
    etag=True, internal=False, idempotent=True,
)  # fmt: skip


class Tokens:
    """Takes the id of a user for their access token."""

    async def verify(self, token: str) -> Principal:
        return Principal(UUID(token))


class Handler:
    """Makes a project; waits for ``go`` in between and refuses when told to."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.calls, self.go, self.refuse = 0, asyncio.Event(), False
        self.go.set()

    async def __call__(self, call: Call, body: ProjectBody) -> Reply:
        self.calls += 1
        cursor = await call.tx.connection.execute(
            "INSERT INTO projects (name, user_id) VALUES (%(name)s, %(user)s) RETURNING id",
            {"name": body.name, "user": call.principal.user_id},
        )
        (row,) = await cursor.fetchall()
        await self.go.wait()
        if self.refuse:
            raise Refused
        made = Made(id=row["id"], secret="shown-once")
        return Reply(made, {"Location": f"/api/v1/things/{made.id}"})


@pytest.fixture
async def handler(settings: Settings, owner: Principal) -> AsyncIterator[Handler]:
    """The handler behind the machinery, as one process of the app runs it."""
    running = Services(settings.model_copy(update={"limiter_enabled": False}))
    running.__dict__["tokens"] = Tokens()
    yield Handler(running)
    await running.database.close()


async def create(
    handler: Handler, user: Principal, key: str | None = "k", name: str = "cats", **headers: str
) -> Answer:
    request = func.HttpRequest(
        "POST",
        "http://localhost/api/v1/things",
        headers={
            "authorization": f"Bearer {user.user_id}",
            "content-type": "application/json",
            **({"idempotency-key": key} if key is not None else {}),
            **headers,
        },
        body=json.dumps({"name": name}).encode(),
    )
    return await serving.serve(handler.services, CREATE, handler, request, None)


def code(answer: Answer) -> str:
    return str(json.loads(answer.body)["code"])


async def count(database: Database) -> int:
    async with database.transaction() as transaction:
        cursor = await transaction.connection.execute("SELECT count(*) AS n FROM projects")
        return int((await cursor.fetchall())[0]["n"])


class TestReplay:
    async def test_gives_the_first_answer_again(
        self, database: Database, handler: Handler, owner: Principal
    ) -> None:
        first, second = await create(handler, owner), await create(handler, owner)
        assert (first.status, second.status) == (201, 201)
        assert first.body == second.body
        for header in ("Location", "ETag"):
            assert first.headers[header] == second.headers[header]
        assert first.headers.get("Idempotent-Replayed") is None
        assert second.headers["Idempotent-Replayed"] == "true"
        assert await count(database) == handler.calls == 1

    async def test_of_an_answer_sealed_with_the_former_secret(
        self, database: Database, handler: Handler, owner: Principal
    ) -> None:
        def use(pepper: str) -> None:
            changed = {"api_key_pepper": SecretStr(pepper)}
            handler.services.settings = handler.services.settings.model_copy(update=changed)

        first = await create(handler, owner)
        use("new,pepper")
        assert (await create(handler, owner)).body == first.body
        use("new")
        lost = await create(handler, owner)
        assert (lost.status, code(lost)) == (422, "idempotency_key_reused")
        assert await count(database) == 1

    async def test_another_body_is_refused(
        self, database: Database, handler: Handler, owner: Principal
    ) -> None:
        await create(handler, owner)
        other = await create(handler, owner, name="dogs")
        assert (other.status, code(other)) == (422, "idempotency_key_reused")
        assert await count(database) == 1

    async def test_keys_belong_to_their_caller(
        self, database: Database, handler: Handler, owner: Principal
    ) -> None:
        await create(handler, owner)
        await create(handler, await make_user(database), name="dogs")
        assert await count(database) == 2

    async def test_without_a_key_each_request_acts(
        self, database: Database, handler: Handler, owner: Principal
    ) -> None:
        for _ in range(2):
            await create(handler, owner, key=None)
        assert await count(database) == 2

    @pytest.mark.parametrize("key", ["", "k" * 256, "a\tb"])
    async def test_a_bad_key_is_refused(self, handler: Handler, owner: Principal, key: str) -> None:
        answer = await create(handler, owner, key=key)
        assert (answer.status, code(answer)) == (422, "validation_failed")
        assert handler.calls == 0

    async def test_a_refused_request_may_be_tried_again(
        self, database: Database, handler: Handler, owner: Principal
    ) -> None:
        handler.refuse = True
        assert code(await create(handler, owner)) == "refused"
        assert await count(database) == 0
        handler.refuse = False
        assert (await create(handler, owner)).status == 201
        assert await count(database) == 1

    async def test_is_forgotten_after_a_day(
        self, database: Database, handler: Handler, owner: Principal
    ) -> None:
        await create(handler, owner)
        async with database.transaction() as transaction:
            await transaction.connection.execute(
                "UPDATE idempotency_keys SET created_at = now() - interval '25 hours'"
            )
        assert (await create(handler, owner, name="dogs")).status == 201
        async with database.transaction() as transaction:
            await transaction.connection.execute(
                "UPDATE idempotency_keys SET created_at = now() - interval '25 hours'"
            )
            assert await repo.delete_expired(transaction) == 1
        assert await count(database) == 2

    async def test_what_is_shown_once_is_not_stored_readably(
        self, database: Database, handler: Handler, owner: Principal
    ) -> None:
        first = await create(handler, owner)
        assert b"shown-once" in first.body
        async with database.transaction() as transaction:
            cursor = await transaction.connection.execute("SELECT body FROM idempotency_keys")
            (row,) = await cursor.fetchall()
        assert b"shown-once" not in row["body"]


class TestAtOnce:
    async def test_fifty_equal_requests_make_one(
        self, database: Database, handler: Handler, owner: Principal
    ) -> None:
        answers = await asyncio.gather(*(create(handler, owner) for _ in range(50)))
        assert await count(database) == 1
        created = {a.body for a in answers if a.status == 201}
        assert len(created) == 1
        refused = [a for a in answers if a.status != 201]
        assert all(code(a) == "idempotency_key_in_use" for a in refused)

    async def test_the_second_is_told_while_the_first_runs(
        self, database: Database, handler: Handler, owner: Principal
    ) -> None:
        handler.go.clear()
        first = asyncio.create_task(create(handler, owner))
        while not handler.calls:
            await asyncio.sleep(0)
        second = await create(handler, owner)
        assert (second.status, code(second)) == (409, "idempotency_key_in_use")
        handler.go.set()
        assert (await first).status == 201
        assert (await create(handler, owner)).headers["Idempotent-Replayed"] == "true"

    async def test_a_process_that_dies_leaves_no_claim(
        self, database: Database, database_url: str, handler: Handler, owner: Principal
    ) -> None:
        handler.go.clear()
        first = asyncio.create_task(create(handler, owner))
        while not handler.calls:
            await asyncio.sleep(0)
        with psycopg.connect(database_url, autocommit=True) as connection:
            while not connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE state = 'idle in transaction' AND datname = current_database()"
            ).fetchall():
                time.sleep(0.01)
        handler.go.set()
        assert (await first).status == 503
        assert (await create(handler, owner)).status == 201
        assert await count(database) == 1
