"""A whole crawl on the local stack: host, orchestration, workers, blobs and rows."""

import math
import tempfile
import time
from pathlib import Path
from typing import Any

from scripts.bench.processes import measure
from scripts.crawl.api import Api, ApiError
from scripts.crawl.local import sign_in
from scripts.crawl.run import Order, create_job
from scripts.devhost.imageweb.catalogue import load
from scripts.devhost.imageweb.keywords import KEYWORDS
from scripts.devhost.stack import LocalStack

POLL_SECONDS = 0.25
SPARE = 1.05  # good pictures beyond the quota, so that none of it waits for the last one


def bench_crawl(images: int, *, workers: int) -> dict[str, Any]:
    """Crawls ``images`` images; what it took.

    Images per second count from the start call to the job's end. CPU is that of the host and its
    workers alone; the peers of the crawl (PostgreSQL, Azurite, the image web) share the cores.
    """
    per_keyword = math.ceil(images * SPARE / len(KEYWORDS))
    catalogue = load(per_keyword=per_keyword)
    with tempfile.TemporaryDirectory(prefix="pixcrawler-bench-") as directory:
        stack = LocalStack(
            Path(directory),
            environment={"FUNCTIONS_WORKER_PROCESS_COUNT": str(workers)},
            image_web_options=("--per-keyword", str(per_keyword)),
        )
        with stack, Api(stack.info.api_url) as api:
            sign_in(api, stack, credits=images)
            return _run(api, stack, Order(catalogue.keywords[:50], images, Path(directory)))


def _run(api: Api, stack: LocalStack, order: Order) -> dict[str, Any]:
    before, started = measure(stack.pid("host")), time.monotonic()
    job = create_job(api, order)
    api.post(f"jobs/{job['id']}/start")
    while (job := api.get(f"jobs/{job['id']}"))["status"] == "running":
        time.sleep(POLL_SECONDS)
    seconds, after = time.monotonic() - started, measure(stack.pid("host"))
    if job["status"] != "completed":
        raise ApiError(f"The job {job['status']}: {job['failure_reason']}")
    stored = job["valid_images"]
    cpu = after.total_cpu_seconds - before.total_cpu_seconds
    return {
        "benchmark": "crawl",
        "images": stored,
        "seconds": round(seconds, 2),
        "images_per_second": round(stored / seconds, 1),
        "cpu_ms_per_image": round(1000 * cpu / stored, 2),
        "peak_mb": after.peak_mb,
        "outcomes": api.get(f"jobs/{job['id']}/stats")["outcomes"],
    }
