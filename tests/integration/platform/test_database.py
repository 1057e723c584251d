"""The pool: dead connections, few round trips, the caller's own role."""

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
from loguru import logger

from shared.platform.db import Database
from shared.platform.errors import Unavailable
from shared.platform.principal import Principal
from shared.platform.settings import Settings


async def value(database: Database, claims: dict[str, Any] | None = None) -> Any:
    async with database.reading(claims or {}) as transaction:
        cursor = await transaction.connection.execute(
            "SELECT current_user::text AS role, auth.uid()::text AS uid"
        )
        return await cursor.fetchone()


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

    async def test_an_error_of_the_caller_is_theirs(self, database: Database) -> None:
        with pytest.raises(ZeroDivisionError):
            async with database.reading({}):
                raise ZeroDivisionError
        assert await value(database)


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
