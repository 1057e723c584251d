"""The API under load, beside the least FastAPI app with the same SQL."""

import json
import os
import socket
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

from scripts.bench.processes import measure
from scripts.crawl.api import Api
from scripts.devhost.stack import LocalStack
from scripts.devhost.stack.layout import ROOT

JOBS, IMAGES = 10_000, 100_000
WORKERS = 2
STEADY_PER_SECOND, STEADY_SECONDS = 100, 20


def bench_api(requests: int) -> dict[str, Any]:
    """The figures of both under the same load, from a second process, one after the other."""
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
            app = _measure(order, stack.pid("host"))
            steady = _steady(order)
            with _peer(stack, api) as (url, pid):
                peer = _measure({**order, "url": url, "headers": {}}, pid)
    ratio = app["requests_per_second"] / peer["requests_per_second"]
    return {"benchmark": "api", "app": app, f"app_at_{STEADY_PER_SECOND}_per_second": steady,
            "fastapi": peer, "throughput_ratio": round(ratio, 2)}  # fmt: skip


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
            SELECT %(first)s + n %% %(jobs)s, 'https://images.example', 'x.jpeg', n::text
            FROM generate_series(1, %(images)s) AS n
            """,
            {"first": first, "jobs": JOBS, "images": IMAGES},
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


def _steady(order: dict[str, Any]) -> dict[str, Any]:
    requests = STEADY_PER_SECOND * STEADY_SECONDS
    return _load({**order, "requests": requests, "per_second": STEADY_PER_SECOND})


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
        return httpx.get(f"{url}/openapi.json").status_code == 200
    except httpx.TransportError:
        return False
