"""A crawl of 10,000 images: its figures only rise, its history and the host's memory do not."""

import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from scripts.crawl.api import Api
from scripts.devhost.imageweb.catalogue import load
from scripts.devhost.stack import LocalStack
from tests.chaos.disturbance import check
from tests.crawling import result_of, signed_in, start_crawl, wait_for
from tests.scale import sized

IMAGES = sized(150, 10_000)
CHUNKS = sized(5, 200)
KEYWORDS = sized(8, 48)
PER_KEYWORD = sized(36, 220)  # pictures: some more in all than are wanted
MOST_EVENTS = 1_000
MOST_GROWTH = 100 * 2**20


@dataclass
class Watch:
    """What was seen of a job while it ran."""

    progress: list[dict[str, Any]] = field(default_factory=list)
    events: list[int] = field(default_factory=list)
    resident: list[int] = field(default_factory=list)

    def figures(self, *path: str) -> list[Any]:
        """One figure as it was seen, time after time."""
        seen: list[Any] = self.progress
        for name in path:
            seen = [one[name] for one in seen]
        return seen


def watched(stack: LocalStack, api: Api, job_id: int) -> Watch:
    """The job until it ends."""
    instance = f"{stack.info.api_url}/runtime/webhooks/durabletask/instances/job-{job_id}-1"
    host = psutil.Process(stack.pid("host"))
    watch = Watch()
    while not watch.progress or watch.progress[-1]["status"] == "running":
        watch.progress.append(api.get(f"jobs/{job_id}/progress"))
        history = httpx.get(instance, params={"showHistory": "true"}, timeout=30)
        if history.content:
            watch.events.append(len(history.json().get("historyEvents", [])))
        watch.resident.append(host.memory_info().rss)
        time.sleep(0.2)
    return watch


def test_a_large_crawl_takes_no_more_than_a_small_one() -> None:
    keywords = load(per_keyword=PER_KEYWORD).keywords[:KEYWORDS]
    with tempfile.TemporaryDirectory(prefix="pixcrawler-large-") as directory:
        Path(directory).chmod(0o755)
        stack = LocalStack(
            Path(directory), host_options=("--strict-sizes",),
            image_web_options=("--per-keyword", str(PER_KEYWORD)),
        )  # fmt: skip
        with stack, signed_in(stack, credits=2 * IMAGES) as api:
            small = watched(stack, api, start_crawl(api, keywords, 20))
            job_id = start_crawl(api, keywords, IMAGES)
            large = watched(stack, api, job_id)
            wait_for(lambda: result_of(stack, job_id).notifications, bool)
            check(result := result_of(stack, job_id))
    assert (result.status, result.rows) == ("completed", IMAGES)
    assert large.progress[-1]["chunks"]["total"] >= CHUNKS
    for figure in (("progress",), ("total_images",), ("chunks", "completed")):
        seen = large.figures(*figure)
        assert seen == sorted(seen)
    assert max(large.resident) - max(small.resident) < MOST_GROWTH
    assert max(large.events) <= MOST_EVENTS
