"""The list of a deployment ticks what is well, and nothing else."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from scripts.azure.observations import MEASURED, of_scrapes, queries
from scripts.azure.stages import STAGES
from scripts.azure.thresholds import Verdict
from shared.metrics.service import _Gauges, _gauges
from shared.platform.observe.metrics import RequestMetrics
from tests.infra.cloud import install_az

ROOT = Path(__file__).parents[2]
WELL = {"database": "healthy", "storage": "healthy", "orchestrator": "healthy"}
QUEUES = {"notifications": 3, "notifications-poison": 0}
POOL = {"open": 5, "idle": 5, "waiting": 0}
ERRORS, P95 = "fewer than 1 % of requests fail", "p95 of requests is under 200 ms"


class App:
    """A deployment that answers as it is told, with the figures of the real app."""

    def __init__(self) -> None:
        self.health: tuple[int, dict[str, str]] = (200, WELL)
        self.metrics = RequestMetrics()
        self.queues, self.pool = dict(QUEUES), dict(POOL)
        self.token = ""
        self.docs = 200
        self.next: list[tuple[int, int, float]] = []

    def serve(self, number: int, status: int = 200, seconds: float = 0.02) -> None:
        """So many requests more."""
        for _ in range(number):
            self.metrics.observe("api/v1/jobs", "GET", status, seconds)

    def figures(self) -> bytes:
        gauges = CollectorRegistry(auto_describe=False)
        gauges.register(_Gauges(list(_gauges({}, self.queues, self.pool, {}))))
        text = generate_latest(self.metrics.registry) + generate_latest(gauges)
        for number, status, seconds in self.next:  # what happens before the next scrape
            self.serve(number, status, seconds)
        self.next = []
        return text

    def answer(self, path: str, authorization: str) -> tuple[int, bytes]:
        if path == "/health":
            status, parts = self.health
            return status, json.dumps({"version": "1.2", "components": parts}).encode()
        if path == "/metrics":
            right = not self.token or authorization == f"Bearer {self.token}"
            return (200, self.figures()) if right else (401, b"")
        return self.docs, b""


@contextmanager
def running(app: App) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = app.answer(self.path, self.headers.get("Authorization", ""))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def checklist(*arguments: str, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "scripts/checklist.py", *arguments, "--seconds", "0"],
        cwd=ROOT, env={**os.environ, **environment},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def asked(app: App, stage: str = "30-minutes", **environment: str) -> tuple[int, str]:
    with running(app) as url:
        return checklist(stage, url, **environment)


class TestFromOutside:
    def test_ticks_what_is_well_and_leaves_the_rest(self) -> None:
        app = App()
        app.next = [(1000, 200, 0.02), (9, 500, 0.02)]
        code, said = asked(app)
        assert code == 0, said
        assert "- [x] `/health` answers and all parts are healthy (version 1.2)" in said
        assert "- [x] fewer than 1 % of requests fail (0.89%)" in said
        assert "- [x] p95 of requests is under 200 ms (at most 25 ms)" in said
        assert "- [x] queues are short (3 messages at most)" in said
        assert "- [x] no request waits for a database connection (0 requests" in said
        assert "- [ ] p95 of queries is under 100 ms (not seen)" in said
        assert "- [ ] jobs that ran during the deployment went on\n" in said
        assert "FAILED" not in said

    @pytest.mark.parametrize(
        ("between", "code", "said"),
        [
            ([(980, 200, 0.02), (20, 500, 0.02)], 1, f"FAILED** {ERRORS} (2.00%"),
            ([(900, 200, 0.02), (100, 503, 0.02)], 3, f"FAILED** {ERRORS} (10.00%"),
            ([(900, 200, 0.02), (100, 200, 0.4)], 1, f"FAILED** {P95} (at most 500 ms"),
            ([(900, 200, 0.02), (100, 200, 2)], 3, f"FAILED** {P95} (at most 2500 ms"),
            ([(900, 200, 0.02), (100, 200, 60)], 3, f"FAILED** {P95} (over 10 s"),
            ([(960, 200, 0.2), (40, 200, 60)], 0, f"[x] {P95} (at most 200 ms"),
            ([(19, 500, 60)], 0, f"- [ ] {ERRORS} (not seen)"),
        ],
    )  # fmt: skip
    def test_judges_what_happened_in_between(
        self, between: list[tuple[int, int, float]], code: int, said: str
    ) -> None:
        app = App()
        app.serve(5000, 500, 60)  # before the first scrape: not of this deployment
        app.next = between
        found, output = asked(app)
        assert (found, said in output) == (code, True), output
        assert ("**Roll back: " in output) is (code == 3)

    @pytest.mark.parametrize(
        ("health", "code", "said"),
        [
            ((503, WELL | {"database": "unhealthy"}), 3, "FAILED** the database is reachable"),
            ((200, WELL | {"limiter": "unhealthy"}), 3, "FAILED** the Redis that counts"),
            ((200, WELL | {"storage": "unhealthy"}), 1, "are healthy (not healthy: storage)"),
            ((200, WELL | {"orchestrator": "unhealthy"}), 1, "FAILED** orchestrations start"),
        ],
    )
    def test_finds_a_part_that_is_away(
        self, health: tuple[int, dict[str, str]], code: int, said: str
    ) -> None:
        app = App()
        app.health = health
        found, output = asked(app)
        assert (found, said in output) == (code, True), output

    @pytest.mark.parametrize(
        ("queues", "pool", "said"),
        [
            ({"notifications": 1001, "notifications-poison": 0}, POOL, "FAILED** queues are short"),
            ({"notifications": 0, "notifications-poison": 1}, POOL, "FAILED** no message was put"),
            (QUEUES, POOL | {"waiting": 2}, "FAILED** no request waits for a database connection"),
        ],
    )
    def test_finds_what_waits(
        self, queues: dict[str, int], pool: dict[str, int], said: str
    ) -> None:
        app = App()
        app.queues, app.pool = queues, pool
        found, output = asked(app)
        assert (found, said in output) == (1, True), output

    def test_documentation_that_is_gone(self) -> None:
        app = App()
        app.docs = 404
        code, said = asked(app, "5-minutes")
        assert code == 1
        assert "FAILED** the documentation is there (/docs 404, /openapi.json 404)" in said

    def test_nobody_there(self) -> None:
        code, said = checklist("5-minutes", "http://127.0.0.1:1")
        assert code == 3
        assert "FAILED** `/health` answers" in said

    def test_figures_need_the_token(self) -> None:
        app = App()
        app.token = "a secret"
        code, said = asked(app, METRICS_TOKEN="another")
        assert (code, "Not seen: /metrics shows nothing (METRICS_TOKEN?)" in said) == (0, True)
        app.next = [(100, 200, 0.02)]
        code, said = asked(app, METRICS_TOKEN="a secret")
        assert "[x] fewer than 1 % of requests fail (0.00%)" in said

    def test_since_a_scrape_that_was_kept(self, tmp_path: Path) -> None:
        app, kept = App(), str(tmp_path / "scrape.json")
        with running(app) as url:
            assert checklist("before", url, "--save", kept)[0] == 0
            app.serve(100, 500)
            code, said = checklist("30-minutes", url, "--since", kept)
        assert code == 3
        assert "(100.00%)" in said

    @pytest.mark.parametrize("kept", [None, "", "[1]", "1", '{"up": "x"}', '{"up": null}', "{}1"])
    def test_a_kept_file_that_is_none(self, tmp_path: Path, kept: str | None) -> None:
        if kept is not None:
            (tmp_path / "kept").write_text(kept)
        with running(App()) as url:
            code, said = checklist("before", url, "--since", str(tmp_path / "kept"))
        assert (code, said.startswith("The list cannot be made: ")) == (2, True), said
        assert "Traceback" not in said


def test_two_processes_are_not_compared() -> None:
    line = "http_requests_total method=GET route=api/v1/jobs status=500"
    assert "errors" not in of_scrapes({line: 100}, {line: 99})
    assert "errors" not in of_scrapes({line: 100}, {})


class TestTelemetry:
    FIGURES = (
        ("failed = countif", "0.5"), ("postgresql", "40"), ("AppRequests", "120"),
        ("component.up", "0"), ("cpu.percent", "30"),
        ("memory.percent", "50"), ("summarize value = min", "12"), ("max(Max)", "0"),
    )  # fmt: skip

    @pytest.fixture
    def azure(self, tmp_path: Path) -> dict[str, str]:
        install_az(tmp_path)
        self.describe(tmp_path)
        path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
        return {"FAKE_AZ_STATE": str(tmp_path), "PATH": path}

    def describe(self, state: Path, **instead: Any) -> None:
        described = {
            "workspaces": ["11111111-1111-1111-1111-111111111111"],
            "figures": self.FIGURES,
        }
        (state / "azure.json").write_text(json.dumps(described | instead))

    def asked(self, azure: dict[str, str], stage: str = "24-hours") -> tuple[int, str]:
        with running(App()) as url:
            return checklist(stage, url, "--environment", "prod", **azure)

    def test_ticks_what_the_alerts_measure(self, azure: dict[str, str]) -> None:
        code, said = self.asked(azure)
        assert code == 0, said
        for text in (
            "fail (0.50%)", "under 200 ms (120 ms)", "under 100 ms (40 ms at p95)", "70 % (30 %)",
            "80 % (50 %)", "short (12 messages at most)", "put aside (0 messages put aside)",
        ):  # fmt: skip
            assert re.search(rf"^- \[x\] .*{re.escape(text)}$", said, re.MULTILINE), (text, said)
        calls = (Path(azure["FAKE_AZ_STATE"]) / "calls.jsonl").read_text().splitlines()
        arguments = [json.loads(call)["arguments"] for call in calls]
        assert "pixcrawler-prod" in arguments[0]
        assert all("PT1440M" in given for given in arguments[1:])

    @pytest.mark.parametrize(
        ("figure", "value", "code", "text"),
        [
            ("failed = countif", "1.5", 1, "fewer than 1 % of requests fail (1.50%)"),
            ("failed = countif", "5.5", 3, "fewer than 1 % of requests fail (5.50%)"),
            ("AppRequests", "450", 1, "p95 of requests is under 200 ms (450 ms)"),
            ("AppRequests", "1200", 3, "p95 of requests is under 200 ms (1200 ms)"),
            ("postgresql", "140", 1, "p95 of queries is under 100 ms (140 ms at p95)"),
            ("component.up", "2", 1, "no failure to reach the database (2 failures"),
            ("cpu.percent", "75", 1, "CPU under 70 % (75 %)"),
            ("memory.percent", "85", 1, "memory under 80 % (85 %)"),
            ("summarize value = min", "2000", 1, "queues are short (2000 messages at most)"),
            ("max(Max)", "1", 1, "no message was put aside (1 messages put aside)"),
        ],
    )
    def test_finds_what_is_over_its_limit(
        self, azure: dict[str, str], figure: str, value: str, code: int, text: str
    ) -> None:
        figures = [(part, value if part == figure else usual) for part, usual in self.FIGURES]
        self.describe(Path(azure["FAKE_AZ_STATE"]), figures=figures)
        found, said = self.asked(azure)
        assert (found, f"FAILED** {text}" in said) == (code, True), said

    def test_what_was_not_measured_stays_open(self, azure: dict[str, str]) -> None:
        self.describe(Path(azure["FAKE_AZ_STATE"]), figures=[])
        code, said = self.asked(azure)
        assert (code, "- [ ] CPU under 70 % (not seen)" in said) == (0, True), said

    def test_no_workspace(self, azure: dict[str, str]) -> None:
        self.describe(Path(azure["FAKE_AZ_STATE"]), workspaces=[])
        code, said = self.asked(azure)
        assert code == 2
        assert "There is no Log Analytics workspace in pixcrawler-prod." in said


def test_all_queries_of_the_alerts_are_read() -> None:
    found = queries()
    assert set(MEASURED) <= set(found)
    assert not [name for name, query in found.items() if "${" in query]
    assert all(found[name].startswith("App") for name in MEASURED)


def test_every_stage_leaves_something_to_a_person_and_sees_something() -> None:
    for stage in STAGES.values():
        assert {bool(item.seen) for item in stage.items} == {True, False}


def test_the_page_names_every_stage() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    for name in STAGES:
        assert f"`{name}`" in page
    assert [int(verdict) for verdict in Verdict] == [0, 1, 3]
