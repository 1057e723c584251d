"""The figures for Prometheus, scraped from the running app."""

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from scripts.crawl.api import Api
from scripts.devhost.stack import LocalStack
from shared.metrics import service as metrics
from shared.platform.bootstrap import Services
from shared.platform.errors import Unauthenticated
from shared.platform.settings import Settings
from tests.crawling import start_crawl, wait_for, wait_for_end


def scrape(stack: LocalStack) -> dict[tuple[str, ...], float]:
    answer = httpx.get(f"{stack.info.api_url}/metrics", timeout=30)
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_figures_follow_what_happens(stack: LocalStack, api: Api) -> None:
    before: dict[tuple[str, ...], float] = wait_for(
        lambda: scrape(stack), lambda now: not now.get(("pixcrawler_jobs", "running")), seconds=120
    )
    wait_for_end(api, start_crawl(api, ("cat",), 5))
    after = scrape(stack)

    def gained(*key: str) -> float:
        return after.get(key, 0) - before.get(key, 0)

    assert gained("pixcrawler_jobs", "completed") == 1
    assert gained("pixcrawler_images", "stored") == 5
    assert after[("pixcrawler_chunks", "active")] == 0
    assert after[("pixcrawler_queue_messages", "notifications-poison")] == 0
    assert after[("pixcrawler_database_pool", "open")] >= 1
    assert any(name[0] == "http_requests_total" for name in after)


@pytest.mark.parametrize(
    ("token", "header", "passes"),
    [(None, "", True), ("s", "Bearer s", True), ("s", "Bearer x", False), ("s", "", False)],
)
def test_a_token_can_be_asked_for(token: str | None, header: str, passes: bool) -> None:
    services = Services(Settings.model_construct(metrics_token=SecretStr(token) if token else None))
    if passes:
        metrics.check_token(services, header)
    else:
        with pytest.raises(Unauthenticated):
            metrics.check_token(services, header)
