"""The settings of the earlier backend start this one: as they were spelled, value by value."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.app.settings import Settings, get_settings
from shared.app.settings.idle import idle_settings
from shared.app.settings.misspelt import misspelt
from shared.app.settings.variables import variables

EARLIER = json.loads(Path(__file__).with_name("earlier_settings.json").read_text())
BLOCKS: dict[str, dict[str, str]] = EARLIER["blocks"]
VALUES: dict[str, list[str]] = EARLIER["values"]
# What the earlier backend did not have or did not always need.
OUR_OWN = {
    "DATABASE_URL": "postgresql://u:p@h/db",
    "SUPABASE_URL": "https://x.supabase.co",
    "SUPABASE_ANON_KEY": "anon",
    "SUPABASE_SERVICE_ROLE_KEY": "service",
    "AZURE_STORAGE_CONNECTION_STRING": "UseDevelopmentStorage=true",
    "API_KEY_PEPPER": "pepper",
}
# In vain, which the start says.
IDLE = {
    "supabase": set(),
    "utility": {
        "PIXCRAWLER_UTILITY_LOGGING__USE_COLORS",
        "PIXCRAWLER_UTILITY_COMPRESSION__WORKERS",
    },
    "production": {"REDIS_URL"},
    "development": {"REDIS_URL", "CELERY_BROKER_URL", "DEBUG"},
}


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    get_settings.cache_clear()
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    for name in (name for variable in variables() for name in variable.names):
        monkeypatch.delenv(name, raising=False)
    yield
    get_settings.cache_clear()


def started(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> Settings:
    for name, value in (OUR_OWN | values).items():
        monkeypatch.setenv(name, value)
    return get_settings()


class TestBlocks:
    @pytest.mark.parametrize("block", BLOCKS)
    def test_start_the_app(self, monkeypatch: pytest.MonkeyPatch, block: str) -> None:
        settings = started(monkeypatch, BLOCKS[block])
        assert set(idle_settings(settings, {})) == IDLE[block]
        assert misspelt(BLOCKS[block]) == {}

    def test_do_what_they_say(self, monkeypatch: pytest.MonkeyPatch) -> None:
        settings = started(monkeypatch, BLOCKS["production"] | BLOCKS["utility"])
        assert settings.environment == "production"
        assert settings.console_level == "WARNING"
        assert settings.logging.file_level == "INFO"
        assert settings.logging.log_dir == "./logs"
        assert settings.compression.workers == 8  # as many as there are cores
        assert settings.cache_redis.url == "redis://localhost:6379/0"
        assert settings.limiter_redis.url == "redis://localhost:6379/1"


class TestValues:
    @pytest.mark.parametrize(
        ("name", "value"), [(name, value) for name, values in VALUES.items() for value in values]
    )
    def test_each_is_taken(self, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
        started(monkeypatch, {name: value})
        assert misspelt({name: value}) == {}

    def test_all_names_are_taken_together(self, monkeypatch: pytest.MonkeyPatch) -> None:
        settings = started(monkeypatch, {name: values[-1] for name, values in VALUES.items()}
                           | {"LIMITER_REDIS_DB": "1"})  # fmt: skip
        assert settings.environment == "production"
