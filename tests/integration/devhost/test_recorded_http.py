"""The local host answers each recorded request as the real one did."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.devhost.raw_client import RawResponse, exchange
from tests.integration.devhost.recording import (
    REAL_HOST,
    RecordingHost,
    full_request,
    read,
    recorded_app,
)

CASES: list[dict[str, Any]] = read("http")

NO_KEYS = "whoever reaches the local host is its administrator: it asks for no key"
OWN_PAGE = "the home page is the local host's own"
# What is otherwise on purpose: the case, why, and the status that the local host answers with.
OTHERWISE: dict[str, tuple[str, int]] = {
    "root HEAD": (OWN_PAGE, 200),
    "root POST": (OWN_PAGE, 200),
    "host /admin/host/status": (NO_KEYS, 200),
    "host /admin/functions": (NO_KEYS, 200),
    "host /admin/host/keys": (NO_KEYS, 404),
    "host /admin/functions/plain/status": (NO_KEYS, 200),
    "host /admin/host/systemkeys/_master": (NO_KEYS, 404),
    "host /runtime/webhooks/durabletask/instances": (NO_KEYS, 200),
    "host /admin/vfs/": (NO_KEYS, 403),
    "admin invoke": (NO_KEYS, 202),
    "fkey none": (NO_KEYS, 200),
    "fkey bad code": (NO_KEYS, 200),
    "akey none": (NO_KEYS, 200),
}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordingHost]:
    with recorded_app(tmp_path_factory.mktemp("recorded"), "app") as running:
        yield running


def ask(host: RecordingHost, case: dict[str, Any]) -> RawResponse | None:
    request = full_request(case).replace(REAL_HOST.encode(), f"127.0.0.1:{host.port}".encode())
    is_cut_short = case["name"] == "short body then close"
    never_ends = "error" in case["response"]
    return exchange(host.port, request, half_close=is_cut_short, seconds=0.5 if never_ends else 10)


def shown(response: RawResponse) -> dict[str, Any]:
    """A response in the form of the recording."""
    try:
        body = response.body.decode()
    except UnicodeDecodeError:
        body = "latin-1:" + response.body.decode("latin-1")
    return {
        "status": response.status,
        "headers": sorted([name.lower(), value] for name, value in response.headers),
        "framing": response.framing,
        "body": body,
        "notes": response.notes,
    }


def expected(response: dict[str, Any]) -> dict[str, Any]:
    names = ("status", "framing", "body", "notes")
    headers = sorted([name.lower(), value] for name, value in response["headers"])
    return {"headers": headers, **{name: response[name] for name in names}}


def cut(value: Any) -> Any:
    """The value as the recording keeps it: a text of 2,500 letters at most, headers in order."""
    if isinstance(value, str):
        return value if len(value) <= 2500 else value[:2500] + "…"
    if isinstance(value, list):
        return [cut(item) for item in value]
    if isinstance(value, dict):
        return {
            key: sorted(cut(item)) if key == "headers" else cut(item) for key, item in value.items()
        }
    return value


def with_host(value: Any, host: RecordingHost) -> Any:
    return json.loads(json.dumps(value).replace(f"127.0.0.1:{host.port}", "HOST"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_request(host: RecordingHost, case: dict[str, Any]) -> None:
    host.received()
    response = ask(host, case)
    if case["name"] in OTHERWISE:
        assert response is not None
        assert response.status == OTHERWISE[case["name"]][1]
        return
    assert cut(with_host(host.received(), host)) == cut(case["received"])
    if "error" in case["response"]:
        assert response is None
        return
    assert response is not None
    got, wanted = shown(response), expected(case["response"])
    if case["name"] == "ctx none":
        got["body"], wanted["body"] = (anonymous(answer["body"], host) for answer in (got, wanted))
    else:
        assert len(response.body) == case["response"]["body_len"]
    got["body"] = got["body"][: len(wanted["body"])] if len(wanted["body"]) > 1000 else got["body"]
    assert got == wanted
    if ["connection", "close"] in wanted["headers"]:
        assert response.closes


def anonymous(body: str, host: RecordingHost) -> Any:
    """What a context shows, without what is new in each call."""
    body = body.replace(str(host.app), "APP")
    body = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID", body)
    return json.loads(re.sub(r"00-[0-9a-f]{32}-[0-9a-f]{16}-", "00-TRACE-SPAN-", body))


def test_every_exception_is_a_recorded_case() -> None:
    assert OTHERWISE.keys() <= {case["name"] for case in CASES}
