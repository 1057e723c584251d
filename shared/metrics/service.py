"""Collecting the figures: of this process, of the database, of the queues."""

import hmac
from collections.abc import Iterable
from typing import TYPE_CHECKING

from shared.metrics import repo
from shared.platform import VERSION, redis_pool
from shared.platform.bootstrap import Services
from shared.platform.errors import Unauthenticated
from shared.platform.metrics import request_metrics
from shared.platform.telemetry import record_queue_depths

if TYPE_CHECKING:
    from prometheus_client.core import Metric

QUEUES = ("notifications", "blob-cleanup")
MEDIA_TYPE = "text/plain"


def check_token(services: Services, authorization: str) -> None:
    """Lets everybody pass unless ``METRICS_TOKEN`` is set.

    Raises:
        Unauthenticated: another bearer token than that one, or none.
    """
    wanted = services.settings.metrics_token
    given = authorization.removeprefix("Bearer ")
    if wanted and not hmac.compare_digest(given.encode(), wanted.get_secret_value().encode()):
        raise Unauthenticated("Metrics need the token that is set for them.")


async def watch_queues(services: Services) -> None:
    """Has telemetry know how many messages wait; alerts look at that."""
    record_queue_depths(await _queue_depths(services))


async def _queue_depths(services: Services) -> dict[str, int]:
    return {
        name: await services.queues.depth(name)
        for queue in QUEUES
        for name in (queue, f"{queue}-poison")
    }


async def render_metrics(services: Services) -> bytes:
    """The figures in Prometheus' text format."""
    from prometheus_client import CollectorRegistry, generate_latest

    async with services.database.transaction() as transaction:
        counts = await repo.count(transaction)
    depths = await _queue_depths(services)
    redis = {part: await redis_pool.figures(pool) for part, pool in services.redis.items()}
    gauges = CollectorRegistry(auto_describe=False)
    gauges.register(
        _Gauges([*_gauges(counts, depths, services.database.pool_stats()), *_redis_gauges(redis)])
    )
    return generate_latest(request_metrics().registry) + generate_latest(gauges)


def _gauges(
    counts: dict[tuple[str, str], int], depths: dict[str, int], pool: dict[str, int]
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
    connections = GaugeMetricFamily(
        "pixcrawler_database_pool", "Connections of this process.", labels=["state"]
    )
    for state, number in pool.items():
        connections.add_metric([state], number)
    yield connections
    yield InfoMetricFamily("pixcrawler_build", "What runs here.", value={"version": VERSION})


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
