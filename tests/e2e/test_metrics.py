"""The figures for Prometheus, scraped from the running app."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from scripts.crawl.api import Api
from scripts.devhost.stack import LocalStack
from shared.app.settings import Settings
from shared.metrics import service as metrics
from shared.platform.errors import Unauthenticated
from tests.crawling import start_crawl, wait_for, wait_for_end


def scrape(stack: LocalStack) -> dict[tuple[str, ...], float]:
    answer = httpx.get(f"{stack.info.api_url}/metrics", timeout=30)
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def complete(stack: LocalStack) -> dict[tuple[str, ...], float]:
    """A scrape in which no figure is missing, as those of a part that is slow are.

    It knows what was there when it was called: rows are not counted at every scrape.
    """
    time.sleep(metrics.RECOUNT_SECONDS)
    wanted = {("pixcrawler_images", "stored"), ("pixcrawler_queue_messages", "notifications"),
              ("pixcrawler_component_up", "database")}  # fmt: skip
    found: dict[tuple[str, ...], float] = wait_for(lambda: scrape(stack), wanted.issubset)
    return found


def test_figures_follow_what_happens(stack: LocalStack, api: Api) -> None:
    before: dict[tuple[str, ...], float] = wait_for(
        lambda: complete(stack),
        lambda now: not now.get(("pixcrawler_jobs", "running")),
        seconds=120,
    )
    wait_for_end(api, start_crawl(api, ("cat",), 5))
    after = complete(stack)

    def gained(*key: str) -> float:
        return after.get(key, 0) - before.get(key, 0)

    assert gained("pixcrawler_jobs", "completed") == 1
    assert gained("pixcrawler_images", "stored") == 5
    assert after[("pixcrawler_chunks", "active")] == 0
    assert after[("pixcrawler_queue_messages", "notifications-poison")] == 0
    (opened,) = [n for (name, *of), n in after.items() if "pool" in name and of[1] == "open"]
    assert opened >= 1
    assert after[("pixcrawler_component_up", "database")] == 1
    assert any(name[0] == "http_requests_total" for name in after)


def test_counters_add_up_over_processes(stack: LocalStack) -> None:
    """A scrape meets one of the two workers; series of both together know every request."""
    url, latest = stack.info.api_url, dict[tuple[str, ...], float]()

    def scrape_at_once() -> None:
        """Several at once, for one worker alone would answer one after the other."""
        with ThreadPoolExecutor(8) as pool:
            for figures in pool.map(lambda _: scrape(stack), range(8)):
                for key, value in figures.items():
                    latest[key] = max(latest.get(key, 0), value)

    def total() -> float:
        scrape_at_once()
        return sum(
            value
            for (name, *labels), value in latest.items()
            if name == "http_requests_total" and labels[2:] == ["redoc", "200"]
        )

    def met() -> int:
        scrape_at_once()
        return len({labels[0] for (name, *labels) in latest if name == "pixcrawler_database_pool"})

    wait_for(met, lambda number: number == 2, seconds=60)
    for _ in range(5):  # both are met again: what the loop above did not see of one
        before = total()
    for _ in range(50):
        assert httpx.get(f"{url}/redoc", timeout=60).status_code == 200
    wait_for(total, lambda now: now >= before + 50, seconds=60)
    assert total() == before + 50


@pytest.mark.parametrize(
    ("token", "header", "passes"),
    [(None, "", True), ("s", "Bearer s", True), ("s", "Bearer x", False), ("s", "", False)],
)
def test_a_token_can_be_asked_for(token: str | None, header: str, passes: bool) -> None:
    settings = Settings.model_construct(metrics_token=SecretStr(token) if token else None)
    if passes:
        metrics.check_token(settings, header)
    else:
        with pytest.raises(Unauthenticated):
            metrics.check_token(settings, header)
