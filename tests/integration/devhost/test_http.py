"""The HTTP front, as a client sees it: what the recordings do not hold, settings above all."""

import concurrent.futures
import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.devhost.hosting import START_SECONDS, RunningHost, eventually

ORIGIN = "https://app.example"
PREFLIGHT = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "x-a"}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    running = RunningHost(
        tmp_path_factory.mktemp("http"),
        "http_app.py",
        ALLOWED_ORIGINS=f"{ORIGIN}, https://other.example",
        FUNCTIONS_REQUEST_BODY_SIZE_LIMIT="1000",
        **{"AzureWebJobs.off.Disabled": "true"},
    )
    settings = {"IsEncrypted": False, "Values": {}, "Host": {"CORSCredentials": True}}
    (running.app / "local.settings.json").write_text(json.dumps(settings))
    host_json = json.loads((running.app / "host.json").read_text())
    host_json["extensions"]["http"] |= {"maxConcurrentRequests": 2, "maxOutstandingRequests": 3}
    (running.app / "host.json").write_text(json.dumps(host_json))
    with running:
        yield running


def echoed(host: RunningHost, method: str, url: str, **more: Any) -> dict[str, Any]:
    reply = host.client.request(method, url, **more)
    assert reply.status_code == 200
    return dict(reply.json())


class TestRequest:
    def test_body_over_the_limit_is_refused(self, host: RunningHost) -> None:
        assert host.client.post("/api/echo/", content=b"x" * 1000).status_code == 200
        assert host.client.post("/api/echo/", content=b"x" * 1001).status_code == 500

    def test_expected_continue_is_sent(self, host: RunningHost) -> None:
        with socket.create_connection(("127.0.0.1", host.port), 10) as client:
            head = "POST /api/echo/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
            client.sendall(f"{head}Content-Length: 2\r\n\r\n".encode())
            assert client.recv(100).startswith(b"HTTP/1.1 100 Continue")
            client.sendall(b"ok")
            assert client.recv(100).startswith(b"HTTP/1.1 200 OK")

    def test_bodies_that_do_not_come_are_given_up(self, host: RunningHost) -> None:
        head = b"POST /api/echo/ HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf"
        stalled = [socket.create_connection(("127.0.0.1", host.port), 10) for _ in range(2)]
        for client in stalled:
            client.sendall(head)
        for client in stalled:
            with client:
                assert client.recv(1000).startswith(b"HTTP/1.1 500 ")
                with contextlib.suppress(ConnectionResetError, BrokenPipeError):  # it is closed
                    client.sendall(b" body GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                    assert client.recv(1000) == b""
        assert echoed(host, "POST", "/api/echo/", content=b"whole")["body"] == "whole"

    def test_context_names_the_invocation(self, host: RunningHost) -> None:
        first, second = (echoed(host, "GET", "/api/echo/") for _ in range(2))
        assert first["function"] == "echo"
        assert first["invocation"] != second["invocation"]


class TestRouting:
    def test_the_prefix_ignores_case_too(self, host: RunningHost) -> None:
        assert host.client.get("/API/Text?text=hello").text == "hello"

    def test_disabled_function_is_not_found(self, host: RunningHost) -> None:
        assert host.client.get("/api/off").status_code == 404

    def test_home_page(self, host: RunningHost) -> None:
        assert "up and running" in host.client.get("/").text


class TestAnswer:
    def test_custom_headers_of_host_json(self, host: RunningHost) -> None:
        assert host.client.get("/api/text").headers["x-host"] == "local"

    def test_an_exception_that_cannot_be_told_is_an_empty_500(self, host: RunningHost) -> None:
        reply = host.client.get("/api/unspeakable")
        assert (reply.status_code, reply.content) == (500, b"")

    def test_failure_is_logged_with_the_users_frames_only(self, host: RunningHost) -> None:
        host.client.get("/api/fail")
        eventually(lambda: "ValueError: a secret in the message" in host.log.read_text())
        assert "host/worker/" not in host.log.read_text()


class TestCors:
    def test_preflight_is_answered_before_routing(self, host: RunningHost) -> None:
        reply = host.client.options("/nowhere", headers={"Origin": ORIGIN, **PREFLIGHT})
        assert reply.status_code == 204
        assert reply.headers["access-control-allow-origin"] == ORIGIN
        assert reply.headers["access-control-allow-methods"] == "PUT"
        assert reply.headers["access-control-allow-headers"] == "x-a"
        assert reply.headers["access-control-allow-credentials"] == "true"

    def test_foreign_origin_gets_no_permission(self, host: RunningHost) -> None:
        foreign = {"Origin": "https://evil.example"}
        for reply in (
            host.client.options("/api/text", headers={**foreign, **PREFLIGHT}),
            host.client.get("/api/text", headers=foreign),
        ):
            assert "access-control-allow-origin" not in reply.headers

    def test_allowed_origin_may_read_the_answer(self, host: RunningHost) -> None:
        reply = host.client.get("/api/text", headers={"Origin": ORIGIN})
        assert reply.headers["access-control-allow-origin"] == ORIGIN
        assert reply.headers["vary"] == "Origin"

    def test_plain_options_is_an_ordinary_method(self, host: RunningHost) -> None:
        assert host.client.options("/api/text").status_code == 404
        assert echoed(host, "OPTIONS", "/api/echo/")["method"] == "OPTIONS"


class TestLimits:
    def test_requests_beyond_the_outstanding_limit_get_429(self, host: RunningHost) -> None:
        together = threading.Barrier(6)

        def request(_: int) -> int:
            together.wait()
            return host.client.get("/api/sleep/4").status_code

        with concurrent.futures.ThreadPoolExecutor(6) as threads:
            statuses = sorted(threads.map(request, range(6)))
        assert statuses == [200, 200, 200, 429, 429, 429]

    def test_function_timeout_ends_the_request_and_restarts_the_worker(
        self, host: RunningHost
    ) -> None:
        before = host.client.get("/api/sleep/0").text
        assert host.client.get("/api/sleep/60").status_code == 500
        assert host.client.get("/api/sleep/0").text != before


class TestAdmin:
    def test_functions_are_listed_with_their_bindings(self, host: RunningHost) -> None:
        listed = {f["name"]: f for f in host.client.get("/admin/functions").json()}
        assert listed["off"]["isDisabled"] is True
        assert listed["yearly"]["config"]["bindings"][0]["schedule"] == "0 0 0 1 1 *"

    def test_any_function_but_http_runs_on_demand(self, host: RunningHost) -> None:
        assert host.client.post("/admin/functions/YEARLY", json={}).status_code == 202
        eventually(lambda: "ran now, past due: False" in host.log.read_text())

    def test_logs_and_prints_of_the_app_reach_the_log(self, host: RunningHost) -> None:
        host.client.get("/api/talk")
        eventually(lambda: "printed line" in host.log.read_text())
        line = next(x for x in host.log.read_text().splitlines() if "a warning of mine" in x)
        assert "WARNING" in line
        assert "[talk " in line


def test_a_function_that_ends_its_process_fails_alone(host: RunningHost) -> None:
    assert host.client.get("/api/exit").status_code == 500
    assert echoed(host, "GET", "/api/echo/")["function"] == "echo"


def test_a_custom_header_with_a_line_end_is_no_other_header(tmp_path: Path) -> None:
    name = "AzureFunctionsJobHost__extensions__http__customHeaders__X-Odd"
    host = RunningHost(tmp_path, "http_app.py", **{name: "a\r\nX-Other: b"})
    host.launch()
    with host:  # it never counts as ready: every answer fails
        eventually(lambda: "ready: " in host.log.read_text(), START_SECONDS)
        response = host.client.get("/api/text")
        assert (response.status_code, response.headers.get("x-other")) == (500, None)
        assert "customHeaders: 'X-Odd' is no header with a sound value" in host.log.read_text()
