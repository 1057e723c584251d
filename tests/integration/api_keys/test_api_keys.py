"""API keys: listed without their secret, rotated, expired, counted."""

import asyncio
import zlib
from datetime import UTC, datetime, timedelta

import pytest
from loguru import logger
from pydantic import SecretStr, ValidationError

from shared.api_keys import service as api_keys
from shared.api_keys.errors import ApiKeyNotActive
from shared.api_keys.schemas import ApiKeyCreate, ApiKeyCreated, ApiKeyOut
from shared.app.composition import Services
from shared.app.settings import Settings
from shared.platform.data.db import Database
from shared.platform.errors import NotFound, Unauthenticated
from shared.platform.http.auth.principal import Principal
from shared.platform.http.pagination import PageQuery
from tests.integration.conftest import make_user, rows


async def create(services: Services, owner: Principal, **fields: object) -> ApiKeyCreated:
    body = ApiKeyCreate.model_validate({"name": "key", "permissions": ["projects"]} | fields)
    async with services.database.transaction() as transaction:
        return await api_keys.create_key(transaction, owner, services.settings, body)


async def rotate(services: Services, owner: Principal, key: ApiKeyCreated) -> ApiKeyCreated:
    async with services.database.transaction() as transaction:
        return await api_keys.rotate_key(transaction, owner, services.settings, key.id)


async def listed(services: Services, owner: Principal) -> list[ApiKeyOut]:
    async with services.database.reading(owner.claims) as transaction:
        return (await api_keys.list_keys(transaction, owner, PageQuery())).data


async def expire(database: Database) -> None:
    await rows(
        database,
        "UPDATE api_keys SET expires_at = now() - interval '1 second' RETURNING id",
    )


class TestList:
    async def test_is_the_owners_alone_newest_first(
        self, services: Services, owner: Principal
    ) -> None:
        made = [await create(services, owner, name=name) for name in "abc"]
        await create(services, await make_user(services.database))
        assert [key.id for key in await listed(services, owner)] == [k.id for k in made[::-1]]

    async def test_one_whose_time_is_up_is_expired(
        self, services: Services, owner: Principal
    ) -> None:
        key = await create(services, owner, expires_at=datetime.now(UTC) + timedelta(hours=1))
        assert [k.status for k in await listed(services, owner)] == ["active"]
        await expire(services.database)
        assert [k.status for k in await listed(services, owner)] == ["expired"]
        with pytest.raises(Unauthenticated):
            await services.authenticate_key(key.key, None)

    def test_an_expiry_in_the_past_is_refused(self) -> None:
        with pytest.raises(ValidationError):
            ApiKeyCreate(
                name="late", permissions=["projects"], expires_at=datetime(2020, 1, 1, tzinfo=UTC)
            )


class TestUsage:
    async def test_counts_every_use_and_keeps_the_last_address(
        self, services: Services, owner: Principal
    ) -> None:
        key = await create(services, owner, rate_limit=7)
        principals = await asyncio.gather(
            *(services.authenticate_key(key.key, "192.0.2.1") for _ in range(20))
        )
        assert {(p.user_id, p.key_id, p.rate_limit) for p in principals} == {
            (owner.user_id, key.id, 7)
        }
        async with services.database.reading(owner.claims) as transaction:
            usage = await api_keys.get_usage(transaction, owner, key.id)
        assert (usage.usage_count, usage.last_used_ip) == (20, "192.0.2.1")
        assert usage.last_used_at is not None


class TestRotate:
    async def test_the_old_secret_is_useless_and_the_new_one_works(
        self, services: Services, owner: Principal
    ) -> None:
        old = await create(services, owner)
        new = await rotate(services, owner, old)
        assert new.id == old.id
        assert new.key != old.key
        assert new.key.startswith(f"pk_live_{new.key_prefix}")
        with pytest.raises(Unauthenticated):
            await services.authenticate_key(old.key, None)
        assert (await services.authenticate_key(new.key, None)).key_id == old.id

    async def test_not_of_one_that_is_revoked_or_expired(
        self, services: Services, owner: Principal
    ) -> None:
        revoked, expired = await create(services, owner), await create(services, owner)
        async with services.database.transaction() as transaction:
            await api_keys.revoke_key(transaction, owner, revoked.id)
        with pytest.raises(ApiKeyNotActive):
            await rotate(services, owner, revoked)
        await expire(services.database)
        with pytest.raises(ApiKeyNotActive):
            await rotate(services, owner, expired)

    async def test_anothers_key_does_not_exist(self, services: Services, owner: Principal) -> None:
        key = await create(services, owner)
        with pytest.raises(NotFound):
            await rotate(services, await make_user(services.database), key)


class TestPepper:
    async def test_is_changed_without_an_end_for_keys_that_are_used_meanwhile(
        self, settings: Settings, owner: Principal
    ) -> None:
        def peppered(pepper: str) -> Services:
            return Services(settings.model_copy(update={"api_key_pepper": SecretStr(pepper)}))

        old, both, new = map(peppered, ("old", "new,old", "new"))
        used, unused = await create(old, owner), await create(old, owner)
        later = await create(both, owner)
        assert (await both.authenticate_key(used.key, None)).key_id == used.id
        with pytest.raises(Unauthenticated):
            await old.authenticate_key(later.key, None)
        for key in (used, later):
            assert (await new.authenticate_key(key.key, None)).key_id == key.id
        with pytest.raises(Unauthenticated):
            await new.authenticate_key(unused.key, None)
        for services in (old, both, new):
            await services.close()


class TestGuess:
    async def test_a_guess_that_begins_right_is_looked_up_as_any_other(
        self, settings: Settings, owner: Principal
    ) -> None:
        echoing = Services(settings.model_copy(update={"database_echo": True}))
        key = await create(echoing, owner)
        statements: list[str] = []
        sink = logger.add(lambda line: statements.append(line.record["extra"].get("sql", "")))
        for body in (key.key[:40] + "0" * 16, "pk_live_" + "0" * 48):
            guess = f"{body}{zlib.crc32(body.encode()):08x}"
            with pytest.raises(Unauthenticated):
                await echoing.authenticate_key(guess, None)
        logger.remove(sink)
        await echoing.database.close()
        half = len(statements) // 2
        assert statements[:half] == statements[half:] != []
