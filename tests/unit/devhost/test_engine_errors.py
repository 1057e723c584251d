"""An instance that the engine cannot deal with waits longer each time, and holds up no other."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from scripts.devhost.host.durable import engine as module
from scripts.devhost.host.durable.engine import Engine
from scripts.devhost.host.durable.store import Batch, Store
from scripts.devhost.host.faults import Faults
from scripts.devhost.host.functions import FunctionTable
from scripts.devhost.host.settings import DurableSettings
from scripts.devhost.host.workers import WorkerPool

SETTINGS = DurableSettings(
    hub_name="hub", max_activities=1, max_orchestrators=2, replace_running_instances=False,
    store_inputs=False, default_version="", work_item_visibility=60, control_queue_visibility=60,
)  # fmt: skip


class StumblingStore(Store):
    """Loads no instance whose id begins with ``bad``, and remembers who was asked for."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.asked: list[str] = []
        self.mended = False

    def load(self, instance_id: str, now: float, lease: float = 0) -> Batch | None:
        self.asked.append(instance_id)
        if instance_id.startswith("bad") and not self.mended:
            raise RuntimeError("nobody foresaw this")
        return super().load(instance_id, now, lease)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[StumblingStore]:
    opened = StumblingStore(tmp_path / "s.sqlite3")
    yield opened
    opened.close()


@pytest.fixture
def engine(store: StumblingStore, tmp_path: Path) -> Engine:
    pool = WorkerPool(tmp_path, 1, None)
    return Engine(store, pool, FunctionTable((), {}), SETTINGS, Faults())


async def run_for(engine: Engine, seconds: float) -> None:
    running = asyncio.create_task(engine.run())
    await asyncio.sleep(seconds)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    await engine.drain(0)


async def test_each_pause_is_twice_the_last_and_logged(
    engine: Engine, store: StumblingStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    engine.start("o", "bad", None, None)
    await run_for(engine, 1.0)  # tries at 0, 0.1, 0.3, 0.7
    assert 2 <= store.asked.count("bad") <= 4
    said = [record.getMessage() for record in caplog.records]
    pauses = [float(message.split()[-2]) for message in said]
    assert pauses == [0.1, 0.2, 0.4, 0.8][: len(pauses)]
    assert len(pauses) == store.asked.count("bad")
    assert "bad: the engine stumbled, tries again in 0.1 s" in said


async def test_pauses_end_somewhere(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "LONGEST_PAUSE", 0.1)
    engine.start("o", "bad", None, None)
    await run_for(engine, 0.5)
    assert len(caplog.records) >= 2
    assert all(record.getMessage().endswith(" 0.1 s") for record in caplog.records)


async def test_another_instance_does_not_wait_for_it(engine: Engine, store: StumblingStore) -> None:
    engine.start("o", "bad", None, None)
    engine.start("o", "good", None, None)
    await run_for(engine, 1.0)
    ended = store.find("good")
    assert ended is not None
    assert ended.status == "Failed"  # the app has no function of that name


async def test_it_goes_on_as_soon_as_it_can(engine: Engine, store: StumblingStore) -> None:
    engine.start("o", "bad", None, None)
    await run_for(engine, 0.15)
    store.mended = True
    await run_for(engine, 0.5)
    ended = store.find("bad")
    assert ended is not None
    assert ended.status == "Failed"
