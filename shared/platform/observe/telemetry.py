"""Spans, logs and gauges for Application Insights, in processes that know its connection string.

Elsewhere nothing of OpenTelemetry is imported. In Azure the worker may have configured the exporter
before the app is loaded (PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY); then only spans, queries and
gauges are added. A span continues the trace that its request, message or order carries, so that
one trace id leads from an HTTP request over outbox and queue to the last activity.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from shared.platform.observe.trace_context import trace_id_of

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.metrics import CallbackOptions, Observation, _Gauge

CONNECTION = "APPLICATIONINSIGHTS_CONNECTION_STRING"
SCOPE = "pixcrawler"
# What is recorded from time to time, each with its label; alerts and workbook look at them.
GAUGES = {
    "pixcrawler.component.up": "component",
    "pixcrawler.queue.messages": "queue",
    "pixcrawler.taskhub.messages": "queue",
    "pixcrawler.outbox.age": "state",  # seconds that the oldest row has been waiting
    "pixcrawler.jobs": "state",
}
# A crawl downloads from thousands of addresses: a span for each would cost more than it tells.
UNWANTED = "azure_sdk,django,fastapi,flask,httpx,psycopg2,requests,urllib,urllib3"


def start_telemetry() -> None:
    """Starts exporting, where there is somewhere to export to."""
    if not os.environ.get(CONNECTION):
        return
    from opentelemetry import trace
    from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
    from opentelemetry.sdk.trace import TracerProvider

    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        from azure.monitor.opentelemetry import configure_azure_monitor

        os.environ.setdefault("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", UNWANTED)
        configure_azure_monitor(logger_name=SCOPE)
    PsycopgInstrumentor().instrument()
    _observe_process()


def record(gauge: str, values: Mapping[str, float]) -> None:
    """Exports the values of one of ``GAUGES`` by its label's value."""
    if not os.environ.get(CONNECTION):
        return
    for value_of, value in values.items():
        _gauge(gauge).set(value, {GAUGES[gauge]: value_of})


@contextmanager
def span(name: str, traceparent: str | None) -> Iterator[str | None]:
    """Records what is done inside, where it is exported; yields its ``traceparent``."""
    if not os.environ.get(CONNECTION):
        yield traceparent
        return
    from opentelemetry import trace
    from opentelemetry.propagate import inject

    with trace.get_tracer(SCOPE).start_as_current_span(name, context=_parent(traceparent)):
        carrier: dict[str, str] = {}
        inject(carrier)
        yield carrier.get("traceparent")


@cache
def _gauge(name: str) -> "_Gauge":
    from opentelemetry import metrics

    return metrics.get_meter(SCOPE).create_gauge(name)


def _parent(traceparent: str | None) -> "Context | None":
    """What the span continues: the host's own span of the same trace, else what was carried."""
    from opentelemetry import trace
    from opentelemetry.propagate import extract

    carried = trace_id_of(traceparent)
    active = trace.get_current_span().get_span_context()
    if not carried or carried == trace.format_trace_id(active.trace_id):
        return None
    return extract({"traceparent": traceparent})


def _observe_process() -> None:
    """CPU and memory of the instance: the platform has no percentages on Flex Consumption."""
    import psutil
    from opentelemetry.metrics import Observation, get_meter

    def cpu(_: "CallbackOptions") -> "Iterator[Observation]":
        yield Observation(psutil.cpu_percent())

    def memory(_: "CallbackOptions") -> "Iterator[Observation]":
        yield Observation(psutil.virtual_memory().percent)

    meter = get_meter(SCOPE)
    meter.create_observable_gauge("pixcrawler.cpu.percent", [cpu])
    meter.create_observable_gauge("pixcrawler.memory.percent", [memory])
