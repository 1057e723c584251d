"""What /health says when a part is gone."""

import time
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from shared.app.composition import Services
from shared.app.settings import Settings
from shared.health.service import HealthMonitor, check_health
from shared.platform.data import outbox

START = outbox.StartOrchestration(name="crawl", instance_id="job-1-1", input={})


@pytest.fixture
async def services(settings: Settings) -> AsyncIterator[Services]:
    async for opened in open_services(settings):
        yield opened


async def open_services(settings: Settings) -> AsyncIterator[Services]:
    opened = Services(settings)
    yield opened
    await opened.database.close()
    await opened.queues.close()
    await opened.blobs.close()
    await opened.http.aclose()


class TestCheckHealth:
    async def test_all_is_well(self, services: Services) -> None:
        result = await check_health(services.health.parts)
        assert set(result.components) == {"database", "storage", "queue", "auth", "orchestrator"}
        assert result.status == "healthy"

    @pytest.mark.parametrize(
        ("changes", "ill", "status"),
        [
            ({"supabase_url": "http://127.0.0.1:1"}, {"auth"}, "degraded"),
            (
                {"database_url": "postgresql://u:s3cret@127.0.0.1:1/db"},
                {"database", "orchestrator"},
                "unhealthy",
            ),
        ],
    )
    async def test_a_part_that_is_gone(
        self, settings: Settings, changes: dict[str, str], ill: set[str], status: str
    ) -> None:
        changed = Settings.model_validate(settings.model_dump() | changes)
        started = time.monotonic()
        async for services in open_services(changed):
            result = await check_health(services.health.parts)
            assert time.monotonic() - started < 30
            assert {n for n, state in result.components.items() if state != "healthy"} == ill
            assert result.status == status
            assert "127.0.0.1" not in result.model_dump_json()

    async def test_jobs_that_do_not_start(self, services: Services) -> None:
        async with services.database.transaction() as transaction:
            await outbox.add(transaction, START, key="k")
        assert (await check_health(services.health.parts)).status == "healthy"
        async with services.database.transaction() as transaction:
            await transaction.connection.execute(
                "UPDATE outbox SET created_at = created_at - %(age)s",
                {"age": timedelta(minutes=4)},
            )
        result = await check_health(services.health.parts)
        assert (result.status, result.components["orchestrator"]) == ("degraded", "unhealthy")


class TestMonitor:
    async def test_keeps_its_result_for_a_while(self, services: Services) -> None:
        monitor = HealthMonitor(services.health.parts)
        assert await monitor.check() is await monitor.check()
