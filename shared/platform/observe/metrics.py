"""What this process counts of its own requests, for Prometheus.

Every worker process counts for itself, and a scrape meets any one of them. So each has a name of
its own, drawn when it starts: series of several are told apart, and whoever asks adds them up.
"""

import secrets
from functools import lru_cache

from prometheus_client import CollectorRegistry, Counter, Histogram

PROCESS = secrets.token_hex(4)
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 10.0)


class RequestMetrics:
    """Requests by route, method and status, and how long they took by route and method."""

    def __init__(self, process: str = PROCESS) -> None:
        self.registry = CollectorRegistry()
        self._process = process
        self._requests = Counter(
            "http_requests",
            "Requests answered.",
            ("process", "route", "method", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "http_request_duration_seconds",
            "From the function's start to its answer.",
            ("process", "route", "method"),
            buckets=SECONDS,
            registry=self.registry,
        )

    def observe(self, route: str, method: str, status: int, seconds: float) -> None:
        """Counts one request."""
        self._requests.labels(self._process, route, method, str(status)).inc()
        self._seconds.labels(self._process, route, method).observe(seconds)


@lru_cache(maxsize=1)
def request_metrics() -> RequestMetrics:
    """The metrics of this process."""
    return RequestMetrics()
