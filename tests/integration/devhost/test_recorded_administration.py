"""Keys, administration and webhooks, as on the real host for who holds the master key."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.devhost.raw_client import RawResponse, exchange
from tests.integration.devhost.recording import RecordingHost, read, recorded_app

CASES: list[dict[str, Any]] = read("keys_and_admin")
# On purpose the local host asks for no key; what it answers where the real one answers 401.
WITHOUT_KEY = {
    "akey function key": "akey {}",
    "akey host fn key": "akey {}",
    "durable instances w/o key": None,
}
# Bodies that hold what is new on each host, or are cut short in the recording.
VARYING = {"host status", "functions", "host keys", "durable instances master"}
BODIES = {
    "invoke timer": "{}",
    "invoke queue": '{"input": "by hand"}',
    "invoke http fn": "{}",
    "invoke unknown": "{}",
    "invoke bad json": "{",
}
SIZE = re.compile(r"POST (?:exactly )?(\d+) bytes")
SMALL = [case for case in CASES if not SIZE.match(case["name"])]
LARGE = [case for case in CASES if SIZE.match(case["name"])]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordingHost]:
    with recorded_app(tmp_path_factory.mktemp("administration"), "app") as running:
        running.client.post("/runtime/webhooks/durabletask/orchestrators/fan")  # to be listed
        yield running


def ask(host: RecordingHost, case: dict[str, Any]) -> RawResponse | None:
    body = BODIES.get(case["name"], "")
    request = re.sub(r"<\w+>", "a-key", case["request"])
    lines = [f"{request} HTTP/1.1", f"Host: 127.0.0.1:{host.port}", f"Content-Length: {len(body)}"]
    if body:
        lines.append("Content-Type: application/json")
    return exchange(host.port, "\r\n".join([*lines, "", body]).encode())


@pytest.mark.parametrize("case", SMALL, ids=lambda case: case["name"])
def test_request(host: RecordingHost, case: dict[str, Any]) -> None:
    response = ask(host, case)
    assert response is not None
    body = response.body.decode().replace(str(host.app), "APP")
    body = body.replace(f"127.0.0.1:{host.port}", "HOST")
    if case["name"] in WITHOUT_KEY:
        assert response.status == 200
        assert WITHOUT_KEY[case["name"]] in (None, body)
        return
    assert response.status == case["status"]
    if case["name"] in VARYING or case["name"].startswith("durable start"):
        assert names_in(body) >= names_in(case["body"])
    else:
        assert body.startswith(case["body"].removesuffix("…"))
        assert len(body) == len(case["body"]) or case["body"].endswith("…")


def names_in(body: str) -> set[str]:
    """The names of the first object in the body, before the recording is cut."""
    return set(re.findall(r'"(\w+)":', body.partition("},{")[0]))


@pytest.mark.parametrize("case", LARGE, ids=lambda case: case["name"])
def test_body_size(host: RecordingHost, case: dict[str, Any]) -> None:
    """Where the recording holds no answer, the real host failed the request with 500."""
    match = SIZE.match(case["name"])
    assert match is not None
    length = int(match[1])
    head = f"POST /body HTTP/1.1\r\nHost: local\r\nContent-Length: {length}\r\n\r\n".encode()
    if "status" in case:
        response = exchange(host.port, head + b"x" * length, seconds=60)
        assert response is not None
        assert (response.status, response.body.decode()) == (case["status"], case["body"])
        assert host.received()[-1]["body_len"] == length
    else:
        response = exchange(host.port, head)
        assert response is not None
        assert (response.status, response.body) == (500, b"")


def test_other_paths_below_admin_belong_to_functions(host: RecordingHost) -> None:
    for path in ("/admin/x", "/admin", "/admin/host", "/administrator", "/admin/host/status/x"):
        assert host.client.get(path).status_code == 404
    assert host.client.post("/admin/host/status").status_code == 404
    counts = host.client.get("/runtime/webhooks/devhost/instances").json()
    assert counts["pendingActivities"] == 0
