"""The API under load, beside the least FastAPI app with the same SQL."""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg

from scripts.bench.footprint import quarters, watched
from scripts.bench.processes import measure
from scripts.bench.statements import logged, slowest
from scripts.crawl.api import Api
from scripts.devhost.paths import ROOT
from scripts.devhost.stack import LocalStack

JOBS, IMAGES = 10_000, 100_000
WORKERS = 2
STEADY_PER_SECOND, STEADY_SECONDS = 100, 20
SOAK_PER_SECOND = 50
SIGNED_IN_SECONDS = 1_800  # an access token lives for an hour
PAGES = 100
ROUNDS = 3


def bench_api(requests: int, soak_seconds: int = 0) -> dict[str, Any]:
    """The figures of both under the same load, from a second process, in turns: medians.

    Instead, with ``soak_seconds``: those of the app alone, under a steady load for as long.
    """
    with tempfile.TemporaryDirectory(prefix="pixcrawler-bench-") as directory:
        Path(directory).chmod(0o755)
        stack = LocalStack(Path(directory), ("postgres", "azurite", "auth", "host"))
        with stack, Api(stack.info.api_url) as api:
            user = stack.info.users[0]
            api.sign_in(user.email, user.password)
            project = api.post("projects", {"name": "bench"})["id"]
            order = {
                "url": f"{stack.info.api_url}/api/v1",
                "headers": {"Authorization": api.authorization},
                "project_id": project,
                "first_job": _fill(stack.info.database_url, project),
                "jobs": JOBS,
                "requests": requests,
            }
            if soak_seconds:
                return {"benchmark": "api soak", **_soak(order, stack, api, soak_seconds)}
            steady = _steady(order, stack)
            depth = _depth(api, order["first_job"])
            with _peer(stack, api) as (url, pid):
                peer_order = {**order, "url": url, "headers": {}}
                rounds = [
                    (_measure(order, stack.pid("host")), _measure(peer_order, pid))
                    for _ in range(ROUNDS)
                ]
    ratios = [app["requests_per_second"] / peer["requests_per_second"] for app, peer in rounds]
    return {
        "benchmark": "api",
        "app": _medians([app for app, _ in rounds]),
        f"app_at_{STEADY_PER_SECOND}_per_second": steady,
        "page": depth,
        "fastapi": _medians([peer for _, peer in rounds]),
        "throughput_ratio": round(statistics.median(ratios), 2),
    }


def _medians(runs: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: round(statistics.median(run[name] for run in runs), 2) for name in runs[0]}


def _fill(database_url: str, project: int) -> int:
    """The first of the new jobs' ids."""
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            """
            WITH jobs AS (
              INSERT INTO crawl_jobs (project_id, name, keywords, status)
              SELECT %s, 'job ' || n, '["cat"]', 'completed' FROM generate_series(1, %s) AS n
              RETURNING id
            )
            SELECT min(id) FROM jobs
            """,
            [project, JOBS],
        ).fetchone()
        first = int(row[0]) if row else 0
        connection.execute(
            """
            INSERT INTO images (crawl_job_id, original_url, filename, hash)
            SELECT %(first)s, 'https://images.example', 'x.jpeg', n::text
            FROM generate_series(1, %(images)s) AS n
            """,
            {"first": first, "images": IMAGES},
        )
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    return first


def _measure(order: dict[str, Any], pid: int) -> dict[str, Any]:
    _load({**order, "requests": order["requests"] // 10})  # warm
    before = measure(pid).total_cpu_seconds
    figures = _load(order)
    cpu = measure(pid).total_cpu_seconds - before
    return {**figures, "cpu_ms_per_request": round(1000 * cpu / order["requests"], 2)}


def _steady(order: dict[str, Any], stack: LocalStack) -> dict[str, Any]:
    requests = STEADY_PER_SECOND * STEADY_SECONDS
    log = stack.layout.data("postgres").with_suffix(".log")
    begin = log.stat().st_size
    with logged(stack.info.database_url):
        figures = _load({**order, "requests": requests, "per_second": STEADY_PER_SECOND})
    return {**figures, "sql": slowest(log, begin)}


def _soak(order: dict[str, Any], stack: LocalStack, api: Api, seconds: int) -> dict[str, Any]:
    """The worst figures of its parts, each of which signs in anew, and all errors."""

    def load(seconds: int) -> dict[str, Any]:
        user = stack.info.users[0]
        api.sign_in(user.email, user.password)
        signed_in = {**order, "headers": {"Authorization": api.authorization}}
        requests = SOAK_PER_SECOND * seconds
        return _load({**signed_in, "per_second": SOAK_PER_SECOND, "requests": requests})

    load(min(60, seconds))  # warm
    begins = range(0, seconds, SIGNED_IN_SECONDS)
    with watched(stack) as seen:
        parts = [load(min(SIGNED_IN_SECONDS, seconds - begin)) for begin in begins]
    worst = {name: max(part[name] for part in parts) for name in parts[0]}
    errors = sum(part["errors"] for part in parts)
    return {**worst, "errors": errors, "seconds": seconds, "held": quarters(seen)}


def _depth(api: Api, job: int) -> dict[str, Any]:
    """What a page of 20 images costs at the top of a list and 100,000 rows below it."""
    path, cursor = f"jobs/{job}/images", ""
    for _ in range(IMAGES // 100 - 1):
        cursor = api.get(path, limit=100, **({"cursor": cursor} if cursor else {}))["meta"][
            "next_cursor"
        ]
    top, deep = [], []
    for _ in range(PAGES):
        top.append(_seconds(api, path, limit=20))
        deep.append(_seconds(api, path, limit=20, cursor=cursor))
    return {
        "top_ms": round(1000 * statistics.median(top), 2),
        "deep_ms": round(1000 * statistics.median(deep), 2),
        "ratio": round(statistics.median(deep) / statistics.median(top), 2),
    }


def _seconds(api: Api, path: str, **query: Any) -> float:
    started = time.perf_counter()
    api.get(path, **query)
    return time.perf_counter() - started


def _load(order: dict[str, Any]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.bench.load", json.dumps(order)],
        cwd=ROOT, capture_output=True, check=True,
    )  # fmt: skip
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


@contextmanager
def _peer(stack: LocalStack, api: Api) -> Iterator[tuple[str, int]]:
    """Address and process of the peer, which runs as many workers as the app."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "DATABASE_URL": stack.info.database_url,
        "BENCH_USER_ID": api.get("auth/me")["id"],
        "PYTHONWARNINGS": "ignore",  # FastAPI's, of models whose validators are built later
    }
    command = [sys.executable, "-m", "uvicorn", "scripts.bench.fastapi_peer:app", "--port",
               str(port), "--workers", str(WORKERS), "--log-level", "warning"]  # fmt: skip
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            while not _answers(url):
                time.sleep(0.1)
            yield url, process.pid
        finally:
            for worker in psutil.Process(process.pid).children(recursive=True):
                worker.terminate()
            process.terminate()


def _answers(url: str) -> bool:
    try:
        httpx.get(url)
    except httpx.TransportError:
        return False
    return True
