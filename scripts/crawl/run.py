"""One crawl through the API: create the job, watch it, stop it when the person asks."""

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from scripts.crawl.api import Api, ApiError
from scripts.crawl.dataset import save_dataset
from scripts.crawl.report import write_report
from scripts.crawl.screen import counts, progress_bar, show_progress, show_summary

POLL_SECONDS = 0.5
PROJECT = "Command line"


@dataclass(frozen=True)
class Order:
    """What to crawl."""

    keywords: tuple[str, ...]
    max_images: int
    out: Path
    sources: tuple[str, ...] = ()


def crawl(api: Api, order: Order, console: Console) -> dict[str, Any]:
    """The finished job, its images saved. Ctrl-C stops the job before it is passed on.

    Raises:
        ApiError: the service refused, or the job failed.
    """
    job = create_job(api, order)
    try:
        api.post(f"jobs/{job['id']}/start")
        job = watch_job(api, job, console)
    except KeyboardInterrupt:
        with suppress(ApiError):  # it has ended by itself
            api.post(f"jobs/{job['id']}/stop")
        console.print(f"Stopped job {job['id']}; what it had stored stays on the server.")
        raise
    with progress_bar(console) as bar:
        task = bar.add_task("saving", total=job["valid_images"], **counts_of(job))
        rows = save_dataset(api, job, order.out, advance=lambda: bar.advance(task))
    stats = api.get(f"jobs/{job['id']}/stats")
    write_report(order.out, job, stats, rows)
    show_summary(console, api, job, stats, rows, order.out)
    if job["status"] == "failed":
        raise ApiError(f"Job {job['id']} failed: {job['failure_reason']}", code="job_failed")
    return job


def create_job(api: Api, order: Order) -> dict[str, Any]:
    """A new job. It is started apart: whoever is interrupted must know what to stop."""
    projects = [p for p in api.every("projects") if p["name"] == PROJECT]
    project = projects[0] if projects else api.post("projects", {"name": PROJECT})
    body: dict[str, Any] = {
        "project_id": project["id"],
        "name": ", ".join(order.keywords)[:100],
        "keywords": list(order.keywords),
        "max_images": order.max_images,
    }
    if order.sources:
        body["engines"] = list(order.sources)
    job: dict[str, Any] = api.post("jobs", body)
    return job


def watch_job(api: Api, job: dict[str, Any], console: Console) -> dict[str, Any]:
    """The job when it has ended; shows a bar meanwhile."""
    with progress_bar(console) as bar:
        task = bar.add_task("starting", total=job["max_images"], **counts_of(job))
        while True:
            progress = api.get(f"jobs/{job['id']}/progress")
            show_progress(bar, task, progress)
            if progress["status"] not in ("pending", "running"):
                ended: dict[str, Any] = api.get(f"jobs/{job['id']}")
                return ended
            time.sleep(POLL_SECONDS)


def counts_of(job: dict[str, Any]) -> dict[str, Any]:
    """The bar's figures for a job, which has no rate."""
    return counts({**job, "rate_images_per_s": None})
