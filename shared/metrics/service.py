"""Collecting the figures: of this process, of the database, of the queues."""

import asyncio
import hmac
import time
from collections.abc import Coroutine, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from shared.health.service import HealthMonitor
from shared.metrics import repo
from shared.platform.build import build_version
from shared.platform.data import redis_pool
from shared.platform.data.db import Database
from shared.platform.data.queue import QueueSender
from shared.platform.deadline import within
from shared.platform.errors import Unauthenticated
from shared.platform.observe import telemetry
from shared.platform.observe.logging import get_logger
from shared.platform.observe.metrics import PROCESS, request_metrics
from shared.platform.settings import PlatformSettings
from shared.platform.shared_run import SharedRun
from shared.queue_names import QUEUES

if TYPE_CHECKING:
    from prometheus_client.core import Metric
    from redis.asyncio import ConnectionPool

log = get_logger(__name__)

# What host.json's hub and its four partitions are called in storage, whatever host runs them.
HUB = "pixcrawler"
HUB_QUEUES = (f"{HUB}-workitems", *(f"{HUB}-control-{number:02}" for number in range(4)))
MEDIA_TYPE = "text/plain"
# Whoever scrapes gets an answer within 2 s: what takes longer is missing from it.
PART_SECONDS = 1.5
HEALTH_SECONDS = 1.8  # a check ends by itself within 1.5 s, save the first of a process
RECOUNT_SECONDS = 2.0  # rows are counted no more often, whoever asks how often
K = TypeVar("K")


def check_token(settings: PlatformSettings, authorization: str) -> None:
    """Lets everybody pass unless ``METRICS_TOKEN`` is set.

    Raises:
        Unauthenticated: another bearer token than that one, or none.
    """
    wanted = settings.metrics_token
    given = authorization.removeprefix("Bearer ")
    if wanted and not hmac.compare_digest(given.encode(), wanted.get_secret_value().encode()):
        raise Unauthenticated("Metrics need the token that is set for them.")


class Metrics:
    """The figures of the service; a part that hangs costs only its own."""

    def __init__(
        self,
        database: Database,
        queues: QueueSender,
        redis: "dict[str, ConnectionPool]",
        health: HealthMonitor,
    ) -> None:
        self._database = database
        self._queues = queues
        self._redis = redis
        self._health = health
        self._scrape = SharedRun[bytes]()
        self._counted: tuple[float, dict[tuple[str, str], int]] = (float("-inf"), {})

    async def watch(self) -> None:
        """Has telemetry know what alerts look at."""
        depths, hub, work, _ = await asyncio.gather(
            _or_nothing("queues", self._queue_depths()),
            _or_nothing("task hub", self._depths(HUB_QUEUES)),
            _or_nothing("database", self._work()),
            self._health.check(),  # which tells telemetry itself
        )
        telemetry.record("pixcrawler.queue.messages", depths)
        telemetry.record("pixcrawler.taskhub.messages", hub)
        if work:
            telemetry.record("pixcrawler.outbox.age", {"unsent": work.pop("outbox_age")})
            telemetry.record("pixcrawler.jobs", work)

    async def render(self) -> bytes:
        """The figures in Prometheus' text format, within 2 s whatever hangs.

        Of requests those of this process; what is counted in rows and queues is everybody's.
        Anybody may ask: whoever asks meanwhile gets the same, and rows are counted anew after
        ``RECOUNT_SECONDS`` alone.
        """
        return await self._scrape.result(self._render)

    async def _render(self) -> bytes:
        from prometheus_client import CollectorRegistry, generate_latest

        counts, depths, redis, components = await asyncio.gather(
            _or_nothing("database", self._counts()),
            _or_nothing("queues", self._queue_depths()),
            self._redis_figures(),
            _or_nothing("health", self._components(), HEALTH_SECONDS),
        )
        gauges = CollectorRegistry(auto_describe=False)
        found = _gauges(counts, depths, self._database.pool_stats(), components)
        gauges.register(_Gauges([*found, *_redis_gauges(redis)]))
        return generate_latest(request_metrics().registry) + generate_latest(gauges)

    async def _counts(self) -> dict[tuple[str, str], int]:
        counted_at, counts = self._counted
        if time.monotonic() - counted_at < RECOUNT_SECONDS:
            return counts
        async with self._database.transaction() as transaction:
            counts = await repo.count(transaction)
        self._counted = (time.monotonic(), counts)
        return counts

    async def _work(self) -> dict[str, float]:
        async with self._database.transaction() as transaction:
            return await repo.work(transaction)

    async def _queue_depths(self) -> dict[str, int]:
        return await self._depths([n for queue in QUEUES for n in (queue, f"{queue}-poison")])

    async def _depths(self, names: Iterable[str]) -> dict[str, int]:
        return {name: await self._queues.depth(name) for name in names}

    async def _components(self) -> dict[str, bool]:
        health = await self._health.check()
        return {name: state == "healthy" for name, state in health.components.items()}

    async def _redis_figures(self) -> dict[str, dict[str, float]]:
        found = await asyncio.gather(
            *(_or_nothing(part, redis_pool.figures(pool)) for part, pool in self._redis.items())
        )
        parts = zip(self._redis, found, strict=True)
        return {part: figures or {"up": 0} for part, figures in parts}


async def _or_nothing(
    part: str, work: Coroutine[Any, Any, dict[K, Any]], seconds: float = PART_SECONDS
) -> dict[K, Any]:
    try:
        return await within(seconds, work)
    except Exception as error:  # noqa: BLE001 - the other figures must be seen all the same
        log.bind(part=part, error=type(error).__name__).warning("figures are missing")
        return {}


def _gauges(
    counts: dict[tuple[str, str], int],
    depths: dict[str, int],
    pool: dict[str, int],
    components: dict[str, bool],
) -> "Iterable[Metric]":
    from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily

    for kind, label, text in (
        ("jobs", "status", "Crawl jobs by status."),
        ("images", "outcome", "Candidates settled, by outcome."),
        ("chunks", "status", "Chunks in flight."),
        ("outbox", "state", "Side effects that wait to be sent."),
    ):
        gauge = GaugeMetricFamily(f"pixcrawler_{kind}", text, labels=[label])
        for (of, state), rows in counts.items():
            if of == kind:
                gauge.add_metric([state], rows)
        yield gauge
    queues = GaugeMetricFamily(
        "pixcrawler_queue_messages", "Messages waiting, roughly.", labels=["queue"]
    )
    for name, depth in depths.items():
        queues.add_metric([name], depth)
    yield queues
    up = GaugeMetricFamily(
        "pixcrawler_component_up", "Whether a part answers, as /health says.", labels=["component"]
    )
    for name, answers in components.items():
        up.add_metric([name], answers)
    yield up
    connections = GaugeMetricFamily(
        "pixcrawler_database_pool", "Connections of a process.", labels=["process", "state"]
    )
    for state, number in pool.items():
        connections.add_metric([PROCESS, state], number)
    yield connections
    yield InfoMetricFamily(
        "pixcrawler_build", "What runs here.", value={"version": build_version()}
    )


def _redis_gauges(figures: dict[str, dict[str, float]]) -> "Iterable[Metric]":
    from prometheus_client.core import GaugeMetricFamily

    for name in ("up", *redis_pool.FIGURES):
        gauge = GaugeMetricFamily(
            f"pixcrawler_redis_{name}", "As the server says of itself.", labels=["part"]
        )
        for part, found in figures.items():
            if name in found:
                gauge.add_metric([part], found[name])
        if gauge.samples:
            yield gauge


class _Gauges:
    """Hands over gauges that were collected before, for collecting awaits and this may not."""

    def __init__(self, gauges: "list[Metric]") -> None:
        self._gauges = gauges

    def collect(self) -> "Iterable[Metric]":
        return self._gauges
