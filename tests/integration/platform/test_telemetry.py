"""One trace from the request to the last activity, and the gauges that alerts look at."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from scripts.devhost.stack import LocalStack
from tests.fakes.application_insights import ApplicationInsights, application_insights
from tests.integration.devhost.hosting import RunningHost, eventually

ROOT = Path(__file__).parents[3]
TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture(scope="module")
def insights() -> Iterator[ApplicationInsights]:
    with application_insights() as running:
        yield running


@pytest.fixture(scope="module")
def url(
    stack_services: LocalStack, insights: ApplicationInsights, tmp_path_factory: Any
) -> Iterator[str]:
    """The app, which exports to Application Insights."""
    info = stack_services.info
    directory = tmp_path_factory.mktemp("telemetry")
    (directory / "app").symlink_to(ROOT)
    host = RunningHost(
        directory,
        "function_app.py",
        APPLICATIONINSIGHTS_CONNECTION_STRING=insights.connection_string,
        # Nothing but our endpoint may be spoken to, and at once.
        APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL="true",
        APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED="true",
        OTEL_TRACES_SAMPLER="always_on",
        OTEL_BSP_SCHEDULE_DELAY="200",
        OTEL_BLRP_SCHEDULE_DELAY="200",
        OTEL_METRIC_EXPORT_INTERVAL="500",
        DATABASE_URL=info.database_url,
        AzureWebJobsStorage=info.storage_connection_string,
        SUPABASE_URL=info.supabase_url,
        SUPABASE_ANON_KEY=info.supabase_anon_key,
        SUPABASE_SERVICE_ROLE_KEY=info.supabase_service_role_key,
        OPENVERSE_API_URL=f"{info.image_web_url}/openverse/v1",
        WIKIMEDIA_API_URL=f"{info.image_web_url}/w/api.php",
        CRAWL_ALLOWED_HOSTS=info.image_web_url.removeprefix("http://"),
        CRAWL_TIMEOUT_SECONDS="3",
        API_KEY_PEPPER="pepper",
    )
    with host:
        yield f"http://127.0.0.1:{host.port}"


def test_one_trace_from_the_request_to_the_last_activity(
    url: str, insights: ApplicationInsights, stack_services: LocalStack
) -> None:
    info = stack_services.info
    keys = {"SUPABASE_URL": info.supabase_url,
            "SUPABASE_SERVICE_ROLE_KEY": info.supabase_service_role_key}  # fmt: skip
    tried = subprocess.run(
        [sys.executable, str(ROOT / "scripts/smoke.py"), url, "--seconds", "60"],
        env={**os.environ, **keys}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert tried.returncode == 0, tried.stdout

    def spans() -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for span in insights.of("RemoteDependencyData"):
            found.setdefault(span["name"], set()).add(span["operation"])
        return found

    activities = {"crawl_discover", "crawl_process_chunk", "crawl_finish"}
    expected = {"start_job", *activities, "deliver_notification"}
    eventually(lambda: expected <= set(spans()), 30)
    (trace,) = spans()["start_job"]
    for name in expected:
        assert trace in spans()[name], name
    queries = [s for s in insights.of("RemoteDependencyData") if s["type"] == "postgresql"]
    assert [query for query in queries if query["operation"] == trace]


def test_the_callers_trace_goes_on(url: str, insights: ApplicationInsights) -> None:
    traceparent = f"00-{TRACE}-b7ad6b7169203331-01"
    headers = {"traceparent": traceparent, "authorization": "Bearer a.b.c"}
    assert httpx.get(f"{url}/api/v1/jobs", headers=headers).status_code == 401
    eventually(lambda: [s for s in insights.of("RemoteDependencyData") if s["operation"] == TRACE])


def test_gauges_that_alerts_look_at(url: str, insights: ApplicationInsights) -> None:
    httpx.post(f"{url}/admin/functions/watch_queues", json={"input": ""}).raise_for_status()

    def gauges() -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for item in insights.of("MetricData"):
            found.setdefault(item["metrics"][0]["name"], []).append(item)
        return found

    wanted = {"pixcrawler.cpu.percent", "pixcrawler.memory.percent", "pixcrawler.queue.messages"}
    eventually(lambda: wanted <= set(gauges()))
    queues = {item["properties"]["queue"] for item in gauges()["pixcrawler.queue.messages"]}
    assert {"notifications", "notifications-poison", "blob-cleanup-poison"} <= queues


def test_without_a_connection_string_nothing_is_imported() -> None:
    code = (
        "import sys; from shared.platform.telemetry import start_telemetry; start_telemetry();"
        "assert not [m for m in sys.modules if m.startswith('opentelemetry')], sys.modules"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith("APPLICATIONINSIGHTS")}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True)
