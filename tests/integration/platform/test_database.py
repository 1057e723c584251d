"""The pool: dead connections, few round trips, the caller's own role."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import psycopg
import pytest
from loguru import logger
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import SecretStr

from shared.app.settings import Settings
from shared.platform.data.db import Database
from shared.platform.errors import Unavailable
from shared.platform.http.auth.principal import Principal
from shared.platform.ratelimit import repo as rate_limits
from shared.platform.ratelimit.policy import Bucket, Policy


async def value(database: Database, claims: dict[str, Any] | None = None) -> Any:
    async with database.reading(claims or {}) as transaction:
        cursor = await transaction.connection.execute(
            "SELECT current_user::text AS role, auth.uid()::text AS uid"
        )
        return await cursor.fetchone()


async def executemany(connection: Any) -> None:
    await connection.cursor().executemany("SELECT %s", [(1,), (2,)])


async def stream(connection: Any) -> None:
    async for _ in connection.cursor().stream("SELECT id FROM profiles"):
        pass


async def copy(connection: Any) -> None:
    async with connection.cursor().copy("COPY profiles (id) TO STDOUT") as out:
        await out.read()


async def cursor_of_the_server(connection: Any) -> None:
    async with connection.cursor("named") as cursor:
        await cursor.execute("SELECT id FROM profiles")


async def cursor_of_another_class(connection: Any) -> None:
    await psycopg.AsyncCursor(connection).execute("SELECT id FROM profiles")


async def cursor_that_binds(connection: Any) -> None:
    await psycopg.AsyncClientCursor(connection).execute("SELECT id FROM profiles")


async def pipeline(connection: Any) -> None:
    async with connection.pipeline():
        await connection.execute("SELECT id FROM profiles")
        await connection.execute("SELECT id FROM profiles")


async def transaction(connection: Any) -> None:
    async with connection.transaction():
        await connection.execute("SELECT id FROM profiles")


WAYS = (
    executemany, stream, copy, cursor_of_the_server, cursor_of_another_class, cursor_that_binds,
    pipeline, transaction,
)  # fmt: skip


class TestReading:
    async def test_is_done_as_the_caller(self, database: Database, owner: Principal) -> None:
        row = await value(database, {"sub": str(owner.user_id), "role": "authenticated"})
        assert row == {"role": "authenticated", "uid": str(owner.user_id)}

    async def test_leaves_nothing_for_the_next(self, database: Database, owner: Principal) -> None:
        await value(database, {"sub": str(owner.user_id)})
        async with database.transaction() as transaction:
            cursor = await transaction.connection.execute(
                "SELECT current_user::text AS role, auth.uid() AS uid"
            )
            assert await cursor.fetchone() == {"role": "service_role", "uid": None}

    async def test_cannot_write(self, database: Database, owner: Principal) -> None:
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            async with database.reading({"sub": str(owner.user_id)}) as transaction:
                await transaction.connection.execute("UPDATE profiles SET full_name = 'x'")
        assert await value(database)

    # A cursor of the server cannot even be closed.
    @pytest.mark.filterwarnings("ignore:.*ServerCursor:pytest.PytestUnraisableExceptionWarning")
    @pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
    async def test_no_other_way_leads_past_the_callers_role(
        self, database: Database, owner: Principal, way: Callable[[Any], Awaitable[object]]
    ) -> None:
        with pytest.raises(psycopg.NotSupportedError):
            async with database.reading(owner.claims) as transaction:
                await way(transaction.connection)
        assert await value(database, owner.claims) == {
            "role": "authenticated",
            "uid": str(owner.user_id),
        }

    @pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
    async def test_each_of_them_works_where_there_is_no_caller(
        self, database: Database, way: Callable[[Any], Awaitable[object]]
    ) -> None:
        async with database.transaction() as transaction:
            await way(transaction.connection)

    async def test_at_once_is_one_after_the_other(
        self, database: Database, owner: Principal
    ) -> None:
        async with database.reading(owner.claims) as transaction:

            async def role() -> Any:
                cursor = await transaction.connection.execute("SELECT current_user::text AS role")
                return await cursor.fetchone()

            found = await asyncio.gather(*(role() for _ in range(20)))
        assert found == [{"role": "authenticated"}] * 20

    async def test_while_the_caller_reads_nothing_else_slips_in(
        self, database: Database, owner: Principal
    ) -> None:
        async with database.reading(owner.claims) as transaction:
            connection = transaction.connection
            reading = asyncio.create_task(connection.execute("SELECT pg_sleep(0.2)"))
            await asyncio.sleep(0.05)
            with pytest.raises(psycopg.NotSupportedError):
                await executemany(connection)
            await reading

    async def test_an_error_of_the_caller_is_theirs(self, database: Database) -> None:
        with pytest.raises(ZeroDivisionError):
            async with database.reading({}):
                raise ZeroDivisionError
        assert await value(database)


LOCK = "SELECT FROM profiles WHERE id = %s FOR UPDATE"


async def shorten(database: Database, setting: str, then: Callable[[Any], Any]) -> None:
    """A transaction in which a limit of one minute is reached at once."""
    async with database.transaction() as transaction:
        cursor = await transaction.connection.execute(f"SHOW {setting}")
        assert await cursor.fetchone() == {setting: "1min"}
        await transaction.connection.execute(f"SET LOCAL {setting} = '50ms'")
        await then(transaction.connection)


class TestStuck:
    async def test_a_lock_is_waited_for_a_minute_at_most(
        self, database: Database, owner: Principal
    ) -> None:
        async with database.transaction() as first:
            await first.connection.execute(LOCK, [owner.user_id])
            with pytest.raises(Unavailable):
                await shorten(
                    database, "lock_timeout", lambda second: second.execute(LOCK, [owner.user_id])
                )

    async def test_who_stops_in_the_middle_loses_its_locks(self, database: Database) -> None:
        async def stop(connection: Any) -> None:
            await asyncio.sleep(0.5)
            await connection.execute("SELECT 1")

        with pytest.raises(Unavailable):
            await shorten(database, "idle_in_transaction_session_timeout", stop)


class Wire:
    """A connection to PostgreSQL that counts how often the client had to wait for the server."""

    def __init__(self, url: str) -> None:
        parts = conninfo_to_dict(url)
        self._target = (str(parts["host"]), int(str(parts["port"])))
        self.round_trips, self._last = 0, ""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection(*self._target)
        await asyncio.gather(
            self._pump(reader, upstream_writer, "client"),
            self._pump(upstream_reader, writer, "server"),
        )

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, name: str
    ) -> None:
        while data := await source.read(65536):
            if name == "server" and self._last == "client":
                self.round_trips += 1
            self._last = name
            sink.write(data)
            await sink.drain()
        sink.close()


class TestRoundTrips:
    @pytest.fixture
    async def wire(self, database_url: str) -> AsyncIterator[Wire]:
        wire = Wire(database_url)
        server = await asyncio.start_server(wire, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        yield wire
        server.close()

    @pytest.fixture
    async def wired(
        self, wire: Wire, settings: Settings, database_url: str
    ) -> AsyncIterator[Database]:
        url = make_conninfo(database_url, host="127.0.0.1", port=self.port, sslmode="disable")
        opened = Database(settings.model_copy(update={"database_url": SecretStr(url)}))
        yield opened
        await opened.close()

    async def test_a_single_read_takes_one(self, wire: Wire, wired: Database) -> None:
        await value(wired)
        wire.round_trips = 0
        await value(wired)
        assert wire.round_trips == 1

    async def test_a_rate_limit_takes_one(self, wire: Wire, wired: Database) -> None:
        bucket = Bucket(Policy("p", 10, 60), "x")
        await rate_limits.hit(wired, [bucket])
        wire.round_trips = 0
        await rate_limits.hit(wired, [bucket])
        assert wire.round_trips == 1


class TestPool:
    async def test_survives_the_end_of_all_its_connections(
        self, database: Database, database_url: str
    ) -> None:
        await value(database)
        with psycopg.connect(database_url, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            while other.execute(  # it takes a moment until they have said farewell
                "SELECT FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            ).fetchone():
                await asyncio.sleep(0.01)
        failures = 0
        for _ in range(100):
            try:
                await value(database)
            except Unavailable:
                failures += 1
        assert failures <= 1

    @pytest.fixture
    async def echoing(self, settings: Settings) -> AsyncIterator[Database]:
        opened = Database(settings.model_copy(update={"database_echo": True}))
        yield opened
        await opened.close()

    async def test_echoes_statements_when_asked_to(self, echoing: Database) -> None:
        statements: list[str] = []
        sink = logger.add(lambda message: statements.append(message.record["extra"].get("sql", "")))
        await value(echoing)
        logger.remove(sink)
        assert any("current_user" in statement for statement in statements)
