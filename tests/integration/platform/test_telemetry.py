"""One trace from the request to the last activity, and the gauges that alerts look at."""

import asyncio
import base64
import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from azure.core.exceptions import ResourceExistsError
from azure.storage.queue import QueueClient
from pydantic import SecretStr

from scripts.devhost.stack import LocalStack
from shared.app.settings import Settings
from shared.platform.data.queue import QueueSender
from shared.platform.observe.telemetry import GAUGES
from tests.fakes.application_insights import ApplicationInsights, application_insights
from tests.integration.devhost.hosting import RunningHost, eventually

ROOT = Path(__file__).parents[3]
TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture(scope="module")
def insights() -> Iterator[ApplicationInsights]:
    with application_insights() as running:
        yield running


@pytest.fixture(scope="module")
def host(
    stack_services: LocalStack, insights: ApplicationInsights, tmp_path_factory: Any
) -> Iterator[RunningHost]:
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
        # As in host.json, only sooner.
        AzureFunctionsJobHost__extensions__queues__visibilityTimeout="00:00:01",
    )
    with host:
        yield host


@pytest.fixture(scope="module")
def url(host: RunningHost) -> str:
    return f"http://127.0.0.1:{host.port}"


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
    assert httpx.get(f"{url}/api/v1/jobs", headers=headers, timeout=60).status_code == 401
    eventually(lambda: [s for s in insights.of("RemoteDependencyData") if s["operation"] == TRACE])


def watch_until(url: str, insights: ApplicationInsights, expected: Mapping[str, float]) -> None:
    """Has the queues measured and waits until their gauges were exported with these values.

    The timer measures them too, so that a value of before may come in first.
    """
    before = len(insights.items)
    answer = httpx.post(f"{url}/admin/functions/watch", json={"input": ""}, timeout=60)
    answer.raise_for_status()

    def gauges() -> dict[str, float]:
        return {
            item["properties"]["queue"]: item["metrics"][0]["value"]
            for item in insights.of("MetricData", after=before)
            if item["metrics"][0]["name"] == "pixcrawler.queue.messages"
        }

    eventually(lambda: expected.items() <= gauges().items() and len(gauges()) == 4)


def test_gauges_that_alerts_look_at(url: str, insights: ApplicationInsights) -> None:
    watch_until(url, insights, {"blob-cleanup-poison": 0})
    wanted = {"pixcrawler.cpu.percent", "pixcrawler.memory.percent", *GAUGES}
    eventually(lambda: wanted <= {item["metrics"][0]["name"] for item in insights.of("MetricData")})


async def test_a_message_that_always_fails_is_put_aside_and_counted(
    host: RunningHost, url: str, insights: ApplicationInsights, stack_services: LocalStack
) -> None:
    """After the five deliveries of host.json, while those after it go through."""
    info = stack_services.info
    storage = info.storage_connection_string
    with psycopg.connect(info.database_url) as connection:
        user = connection.execute("SELECT id FROM auth.users LIMIT 1").fetchone()
        assert user is not None
    good = {"event_key": "after-poison", "user_id": str(user[0]), "type": "info",
            "category": "test", "title": "good", "message": "good"}  # fmt: skip
    poison = QueueClient.from_connection_string(storage, "notifications-poison")
    with contextlib.suppress(ResourceExistsError):
        poison.create_queue()
    settings = Settings.model_construct(azure_storage_connection_string=SecretStr(storage))
    sender = QueueSender(settings)
    await sender.send("notifications", {"no": "notification"})
    await sender.send("notifications", good)
    await sender.close()

    (moved,) = await asyncio.to_thread(eventually, lambda: list(poison.peek_messages()))
    assert json.loads(base64.b64decode(moved.content)) == {"no": "notification"}
    counts = re.findall(r"deliver_notification.*failed \(delivery (\d+)\)", host.log.read_text())
    assert counts == ["1", "2", "3", "4", "5"]
    with psycopg.connect(info.database_url) as connection:
        delivered = connection.execute("SELECT FROM notifications WHERE event_key = 'after-poison'")
        assert len(delivered.fetchall()) == 1
    put_aside = {"notifications-poison": 1, "blob-cleanup-poison": 0}
    await asyncio.to_thread(watch_until, url, insights, put_aside)
    poison.clear_messages()


def test_without_a_connection_string_nothing_is_imported() -> None:
    code = (
        "import sys; from shared.platform.observe.telemetry import start_telemetry;"
        "start_telemetry();"
        "assert not [m for m in sys.modules if m.startswith('opentelemetry')], sys.modules"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith("APPLICATIONINSIGHTS")}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True)
