"""Retry policies: `@app.retry` of a function, else `retry` of host.json.

The real host retries whatever a trigger starts; an HTTP request or a call by hand is no trigger's.
"""

from dataclasses import dataclass
from typing import Any

from scripts.devhost.host.host_json import HostJson


@dataclass(frozen=True)
class RetryPolicy:
    """How often a failed function is run again (-1: for ever), and after how many seconds."""

    count: int
    minimum: float
    maximum: float

    @classmethod
    def from_options(cls, options: Any) -> "RetryPolicy":
        """The policy of an RpcRetryOptions."""
        if options.HasField("delay_interval"):
            delay = options.delay_interval.ToTimedelta().total_seconds()
            return cls(options.max_retry_count, delay, delay)
        least = options.minimum_interval.ToTimedelta().total_seconds()
        most = options.maximum_interval.ToTimedelta().total_seconds()
        return cls(options.max_retry_count, least, most)

    @classmethod
    def from_host_json(cls, host: HostJson) -> "RetryPolicy | None":
        """The policy for functions without one of their own."""
        count = host.get("retry/maxRetryCount", None)
        if count is None:
            return None
        if host.get("retry/strategy", "FixedDelay") == "FixedDelay":
            delay = host.get("retry/delayInterval", 0.0)
            return cls(count, delay, delay)
        return cls(
            count, host.get("retry/minimumInterval", 0.0), host.get("retry/maximumInterval", 0.0)
        )

    def allows(self, attempt: int) -> bool:
        """Whether the function may run again after this many retries."""
        return self.count < 0 or attempt < self.count

    def delay(self, attempt: int) -> float:
        """Seconds before the next retry."""
        return min(self.maximum, self.minimum * 2.0 ** min(attempt, 60))
