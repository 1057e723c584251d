"""REDIS_URL feeds cache and limiter; their own variables win."""

import os

import pytest

from shared.app.settings import Settings
from shared.platform.settings.redis import RedisAddress
from tests.unit.platform.test_earlier_settings import OUR_OWN


def settings(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name in os.environ:
        if name.startswith(("CACHE_", "LIMITER_", "REDIS_")):
            monkeypatch.delenv(name)
    for name, value in (OUR_OWN | variables).items():
        monkeypatch.setenv(name, value)
    return Settings()


class TestAddress:
    @pytest.mark.parametrize(
        ("url", "same"),
        [
            ("redis://localhost:6379/0", "redis://localhost:6379/0"),
            ("redis://cache", "redis://cache:6379/0"),
            ("redis://:p%40ss@cache:7000/3", "redis://:p%40ss@cache:7000/3"),
            ("rediss://default:secret@cache:6380/", "rediss://:secret@cache:6380/0"),
            ("redis://[::1]:6379/2", "redis://[::1]:6379/2"),
        ],
    )
    def test_is_read_and_written(self, url: str, same: str) -> None:
        assert RedisAddress.parse(url).url == same

    @pytest.mark.parametrize(
        "url",
        [
            "", "localhost:6379", "http://cache:6379/0", "redis://", "redis://ada:s3cret@cache/0",
            "redis://cache:6379/x", "redis://cache:s3cret/0", "redis://:s3/cret@cache/0",
            "redis://cache/0?ssl_cert_reqs=none", "unix:///tmp/redis.sock",
        ],
    )  # fmt: skip
    def test_what_is_none_is_refused_without_its_secrets(self, url: str) -> None:
        with pytest.raises(ValueError, match=r"must be redis\[s\]://") as refused:
            RedisAddress.parse(url)
        assert "s3" not in str(refused.value)

    def test_the_port_tells_of_tls_at_azure(self, monkeypatch: pytest.MonkeyPatch) -> None:
        given = settings(monkeypatch, LIMITER_REDIS_HOST="r.azure.net", LIMITER_REDIS_PORT="10000")
        assert given.limiter_redis.url.startswith("rediss://")
        given = settings(monkeypatch, LIMITER_REDIS_PORT="10000", LIMITER_REDIS_TLS="false")
        assert given.limiter_redis.url.startswith("redis://")


class TestUrl:
    def test_feeds_both_with_a_database_for_each(self, monkeypatch: pytest.MonkeyPatch) -> None:
        given = settings(monkeypatch, REDIS_URL="rediss://:secret@cache:7000/4")
        assert given.cache_redis.url == "rediss://:secret@cache:7000/4"
        assert given.limiter_redis.url == "rediss://:secret@cache:7000/1"

    def test_the_limiter_makes_room_for_the_cache(self, monkeypatch: pytest.MonkeyPatch) -> None:
        given = settings(monkeypatch, REDIS_URL="redis://cache/1")
        assert (given.cache_redis.db, given.limiter_redis.db) == (1, 0)

    def test_their_own_variables_win(self, monkeypatch: pytest.MonkeyPatch) -> None:
        given = settings(
            monkeypatch, REDIS_URL="redis://:secret@cache:7000/4",
            CACHE_REDIS_DB="5", LIMITER_REDIS_PORT="7001",
        )  # fmt: skip
        assert given.cache_redis.url == "redis://:secret@cache:7000/5"
        assert given.limiter_redis.url == "redis://:secret@cache:7001/1"

    def test_a_server_of_its_own_is_not_given_the_others_password(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        given = settings(
            monkeypatch, REDIS_URL="redis://:secret@cache:7000/4", LIMITER_REDIS_HOST="counts"
        )
        assert given.limiter_redis.url == "redis://counts:6379/1"

    def test_a_wrong_one_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with pytest.raises(ValueError, match="redis_url"):
            settings(monkeypatch, REDIS_URL="http://cache")
