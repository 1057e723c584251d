"""What a durable client may send and nobody expects: it is answered, and no instance is stuck."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.integration.devhost.hosting import RunningHost, eventually

API = "/runtime/webhooks/durabletask"
LONE = "\N{REPLACEMENT CHARACTER}"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    with RunningHost(tmp_path_factory.mktemp("odd"), "durable_app.py") as running:
        yield running


def start(host: RunningHost, name: str, body: bytes) -> dict[str, Any]:
    """The instance once it has ended."""
    reply = host.client.post(f"{API}/orchestrators/{name}", content=body)
    assert reply.status_code == 202, reply.text
    return host.result(reply.json()["id"])


def test_half_a_surrogate_pair_hides_no_instance(host: RunningHost) -> None:
    start(host, "chaining", rb'"\ud800"')
    listed = host.client.get(f"{API}/instances")
    assert listed.status_code == 200
    assert LONE in listed.text


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_byte_order_mark_is_no_part_of_the_input(host: RunningHost, mark: bytes) -> None:
    ended = start(host, "chaining", mark + rb'"\"a\""')
    assert (ended["runtimeStatus"], ended["input"]) == ("Completed", '"a"')


def test_instance_whose_input_makes_no_sense_fails(host: RunningHost) -> None:
    reply = host.client.post("/admin/functions/chaining", json={"input": "no JSON"})
    assert reply.status_code == 202

    def failed() -> list[dict[str, Any]]:
        found = host.client.get(f"{API}/instances", params={"runtimeStatus": "Failed"}).json()
        return [one for one in found if one["input"] == "no JSON"]

    words = "Orchestrator function 'chaining' failed: JSONDecodeError: Expecting value"
    assert words in eventually(failed, 20)[0]["output"]


def test_json_too_deep_to_be_read_is_refused(host: RunningHost) -> None:
    waiting = host.begin("approval", 600)
    for path in ("orchestrators/chaining", f"instances/{waiting}/raiseEvent/approval"):
        assert host.client.post(f"{API}/{path}", content=b"[" * 100_000).status_code == 400
    deep, json_type = b'{"input":' + b"[" * 100_000, {"Content-Type": "text/json"}
    run = host.client.post("/admin/functions/chaining", content=deep, headers=json_type)
    assert run.status_code == 400


@pytest.mark.parametrize("instance_id", ["plain-1_a.b!*()", "é", "a%41", "a&b=c", "a;b", '"a"'])
def test_urls_of_an_instance_lead_to_it_whatever_its_id(
    host: RunningHost, instance_id: str
) -> None:
    path = f"{API}/orchestrators/approval/{quote(instance_id, safe='')}"
    urls = host.client.post(path, json="60").json()
    status = host.client.get(urls["statusQueryGetUri"])
    again = host.client.get(status.headers["location"])
    assert status.json()["instanceId"] == again.json()["instanceId"] == urls["id"] == instance_id
    assert host.client.post(urls["terminatePostUri"]).status_code == 202
    assert host.result(quote(instance_id, safe=""))["runtimeStatus"] == "Terminated"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("top=1", 200),
        ("top=0", 200),
        ("top=-1", 200),
        ("top=99999999999999999999", 200),
        ("top=many", 400),
        ("createdTimeFrom=2000-01-01T00:00:00Z", 200),
        ("createdTimeFrom=0001-01-01T00:00:00Z", 200),
        ("createdTimeFrom=0001-01-01T00:00:00%2B14:00", 400),
        ("createdTimeFrom=9999-12-31T23:59:59-14:00", 400),
    ],
)
def test_list_within_odd_bounds(host: RunningHost, query: str, status: int) -> None:
    reply = host.client.get(f"{API}/instances?{query}")
    assert reply.status_code == status
    assert status == 400 or reply.json()
