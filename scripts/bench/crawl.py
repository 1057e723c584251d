"""A whole crawl on the local stack, beside img2dataset on the same addresses, in turns."""

import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from scripts.bench import img2dataset
from scripts.bench.footprint import quarters, watched
from scripts.bench.photos import name_of, photos
from scripts.bench.processes import measure
from scripts.bench.tls import Authority
from scripts.crawl.api import Api, ApiError
from scripts.devhost.paths import ROOT
from scripts.devhost.stack import LocalStack

POLL_SECONDS = 0.25
URLS_A_JOB = 5000
WARM_UPS = 4  # for each worker: code is loaded when first needed, the end of a job's by chance
PARTS = ("postgres", "azurite", "auth", "host")


@dataclass(frozen=True)
class Options:
    """How the crawl is measured.

    ``alone``: without img2dataset beside it; ``small``: pictures of about 20 KB.
    """

    images: int
    workers: int = 2
    rounds: int = 3
    tls: bool = False
    thumbnails: bool = False
    alone: bool = False
    small: bool = False


def bench_crawl(options: Options) -> dict[str, Any]:
    """Medians of the runs of each tool.

    A rate is addresses per second, the missing and broken ones included. CPU is that of the tool's
    own processes: host and workers of the app (PostgreSQL, Azurite and the web share the cores),
    all of img2dataset less what it takes for a single address.
    """
    with tempfile.TemporaryDirectory(prefix="pixcrawler-bench-") as directory:
        authority = Authority(Path(directory)) if options.tls else None
        with web(photos(options.images, small=options.small), authority) as address:
            urls = [f"{address}/{name_of(number)}" for number in range(options.images)]
            stack = LocalStack(
                Path(directory) / "stack",
                PARTS,
                environment={
                    "FUNCTIONS_WORKER_PROCESS_COUNT": str(options.workers),
                    "CRAWL_ALLOWED_HOSTS": address.partition("://")[2],
                    **(authority.for_the_app() if authority else {}),
                },
            )
            with stack:
                return _in_turns(stack, urls, options, authority)


def _in_turns(
    stack: LocalStack, urls: list[str], options: Options, authority: Authority | None
) -> dict[str, Any]:
    peer = None if options.alone else _Peer(urls, authority)
    for _ in range(WARM_UPS * options.workers):
        _crawl(stack, urls[21:71])
    runs: list[dict[str, Any]] = []
    for _ in range(options.rounds):
        runs.append(_crawl(stack, urls, thumbnails=options.thumbnails))
        if peer:
            peer.run()
    app = _figures(runs, len(urls))
    return {
        "benchmark": "crawl",
        "addresses": len(urls),
        "rounds": options.rounds,
        "app": {
            **app,
            **{name: runs[-1][name] for name in ("outcomes", "peak_mb", "held")},
        },
        **(peer.beside(app) if peer else {}),
    }


class _Peer:
    """The runs of img2dataset, resizing and not."""

    def __init__(self, urls: list[str], authority: Authority | None) -> None:
        img2dataset.install()
        self._urls = urls
        self._trust = authority.for_img2dataset() if authority else {}
        self._start = img2dataset.run(urls[21:22], resize=True, environment=self._trust)
        self._runs: dict[bool, list[dict[str, Any]]] = {True: [], False: []}

    def run(self) -> None:
        """Once each, without the CPU of loading itself, which a long run would not notice."""
        for resize, runs in self._runs.items():
            taken = img2dataset.run(self._urls, resize=resize, environment=self._trust)
            runs.append({**taken, "cpu_seconds": taken["cpu_seconds"] - self._start["cpu_seconds"]})

    def beside(self, app: dict[str, Any]) -> dict[str, Any]:
        """Its figures, and the app's in relation to its usual work."""
        resizing, not_resizing = (_figures(runs, len(self._urls)) for runs in self._runs.values())
        return {
            "img2dataset_256": resizing,
            "img2dataset_no_resize": not_resizing,
            "rate_ratio": round(app["per_second"] / resizing["per_second"], 2),
            "cpu_ratio": round(app["cpu_ms_each"] / resizing["cpu_ms_each"], 2),
        }


def _figures(runs: list[dict[str, Any]], addresses: int) -> dict[str, Any]:
    return {
        "images": runs[-1]["images"],
        "per_second": round(addresses / statistics.median(run["seconds"] for run in runs), 1),
        "cpu_ms_each": round(
            1000 * statistics.median(run["cpu_seconds"] for run in runs) / addresses, 2
        ),
    }


def _crawl(stack: LocalStack, urls: list[str], *, thumbnails: bool = False) -> dict[str, Any]:
    """From the start call to the job's end, for a user who has nothing yet.

    ``outcomes`` counts what became of the addresses.
    """
    account = {"email": f"{uuid4().hex}@example.com", "password": uuid4().hex}
    with Api(stack.info.api_url) as api:
        api.post("auth/signup", account)
        api.sign_in(**account)
        for _ in range(1 + len(urls) // 50_000):
            api.post("credits/purchase", {"package_id": "enterprise"})
        project = api.post("projects", {"name": "bench"})["id"]
        jobs = [
            _create(api, project, urls[begin : begin + URLS_A_JOB])
            for begin in range(0, len(urls), URLS_A_JOB)
        ]
        before, started = measure(stack.pid("host")), time.monotonic()
        outcomes: Counter[str] = Counter()
        with watched(stack) as held:
            for job in jobs:
                _run(api, job)
                if thumbnails:
                    _ask_for_thumbnails(api, job)
        seconds, after = time.monotonic() - started, measure(stack.pid("host"))
        for job in jobs:
            outcomes.update(api.get(f"jobs/{job}/stats")["outcomes"])
    return {
        "images": outcomes["stored"],
        "outcomes": dict(outcomes.most_common()),
        "seconds": seconds,
        "cpu_seconds": after.total_cpu_seconds - before.total_cpu_seconds,
        "peak_mb": after.peak_mb,
        "held": quarters(held),
    }


def _create(api: Api, project: int, urls: list[str]) -> int:
    body = {"project_id": project, "name": "bench", "keywords": ["photo"], "engines": ["url_list"],
            "max_images": len(urls), "urls": [{"url": url} for url in urls]}  # fmt: skip
    return int(api.post("jobs", body)["id"])


def _run(api: Api, job_id: int) -> None:
    """To the job's end."""
    api.post(f"jobs/{job_id}/start")
    while (job := api.get(f"jobs/{job_id}"))["status"] == "running":
        time.sleep(POLL_SECONDS)
    if job["status"] != "completed":
        raise ApiError(f"The job {job['status']}: {job['failure_reason']}")


def _ask_for_thumbnails(api: Api, job_id: int) -> None:
    """As a gallery does: they are made when first asked for."""
    images = [image["id"] for image in api.every(f"jobs/{job_id}/images")]
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda image: api.location(f"images/{image}/thumbnail"), images))


@contextmanager
def web(directory: Path, authority: Authority | None) -> Iterator[str]:
    """The address of a server of the directory's files, which lasts as long as this does."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "scripts.bench.photo_server", str(directory), str(port)]
    command += ["--certificate", str(authority.certificate)] if authority else []
    with subprocess.Popen(command, cwd=ROOT) as server:
        try:
            while not _listens(port):
                time.sleep(0.05)
            yield f"{'https' if authority else 'http'}://127.0.0.1:{port}"
        finally:
            server.kill()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
