"""The durable client and the management API, step by step as on the real host."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.integration.devhost.hosting import eventually
from tests.integration.devhost.recording import RECORDED, RecordingHost, read, recorded_app

STEPS: dict[str, dict[str, Any]] = {step["step"]: step for step in read("durable")}
ENDED = ("Completed", "Failed", "Terminated")
BASE = "/runtime/webhooks/durabletask/instances"
HISTORY = {"showHistory": "true", "showHistoryOutput": "true"}
# On purpose the local host asks for no key (step "status no code") and does not trace.


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordingHost]:
    with recorded_app(tmp_path_factory.mktemp("durable"), "app") as running:
        yield running


def start(host: RecordingHost, name: str, **more: Any) -> tuple[str, httpx.Response]:
    reply = host.client.post(f"/start/{name}", **more)
    return (str(reply.json()["id"]) if reply.status_code == 202 else ""), reply


def ended(host: RecordingHost, instance_id: str, **query: str) -> httpx.Response:
    """The status once the instance has ended."""

    def probe() -> httpx.Response | None:
        reply = host.client.get(f"{BASE}/{instance_id}", params=query)
        return reply if reply.json()["runtimeStatus"] in ENDED else None

    return eventually(probe)  # type: ignore[return-value]


def check(step: str, reply: httpx.Response, instance_id: str = "") -> None:
    """The reply is the recorded one but for ids, times, addresses, traces and keys."""
    recorded = STEPS[step]
    assert reply.status_code == recorded["status"], step
    headers = {name.lower(): value for name, value in recorded.get("headers", ())}
    for name in ("content-type", "retry-after", "location"):
        there, here = headers.get(name), reply.headers.get(name)
        assert (here is None) == (there is None), (step, name)
        if here is not None and there is not None:
            assert plain(here) == plain(there), (step, name)
    assert plain(reply.text) == plain(recorded["body"]), step


def plain(text: str) -> Any:
    """Without what differs from run to run; JSON in one order."""
    text = re.sub(r"[0-9a-f]{32}", "<id>", text)
    text = re.sub(r"http://[\w.:]+/", "http://HOST/", text).replace("code=local", "code=<key>")
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)", "<time>", text)
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if isinstance(value, dict) and "historyEvents" in value:
        for entry in value["historyEvents"]:
            entry.pop("ParentTraceContext", None)
        value["historyEvents"].sort(key=lambda entry: json.dumps(entry, sort_keys=True))
    return value


def test_every_step_is_tried() -> None:
    source = (RECORDED.parent / "test_recorded_durable.py").read_text()
    assert not [step for step in STEPS if f'"{step}"' not in source]


def test_an_instance_from_start_to_end(host: RecordingHost) -> None:
    instance_id, reply = start(host, "fan", json=[1, 2, 3, 4])
    check("start fan", reply)
    at_once = host.client.get(reply.headers["location"])
    if at_once.json()["runtimeStatus"] == "Pending":
        check("status at once", at_once)
    check("status done", ended(host, instance_id))
    check("status showInput=false", ended(host, instance_id, showInput="false"))
    check("client get_status", host.client.get(f"/status/{instance_id}"))
    here = plain(ended(host, instance_id, **HISTORY).text)
    cut = STEPS["status showHistory"]["body"]  # the recording ends in its last event
    assert here["historyEvents"] == plain(_closed(cut))["historyEvents"]
    for operation, step in (("terminate", "terminate done"), ("suspend", "suspend")):
        check(step, host.client.post(f"{BASE}/{instance_id}/{operation}?reason=x"))
    check("event done", host.client.post(f"{BASE}/{instance_id}/raiseEvent/go", json=1))
    check("purge", host.client.delete(f"{BASE}/{instance_id}"))
    check("purge again", host.client.delete(f"{BASE}/{instance_id}"))


def _closed(body: str) -> str:
    """The recorded history without the event in which the recording was cut."""
    return body[: body.rindex(',{"EventType"')] + (
        ',{"EventType":"ExecutionCompleted","OrchestrationStatus":"Completed",'
        '"Result":[2,4,6,8],"FailureDetails":null,"Timestamp":"2026-11-29T12:17:19.6Z"}]}'
    )


def test_an_instance_that_is_not_there(host: RecordingHost) -> None:
    check("client get_status unknown", host.client.get("/status/nosuch"))
    check("status unknown", host.client.get(f"{BASE}/nosuch"))
    check("later: instance nosuch", host.client.get(f"{BASE}/nosuch"))


def test_an_id_is_taken_once(host: RecordingHost) -> None:
    check("start same id", start(host, "anyo?id=fixed2")[1])
    check("start same id again", start(host, "anyo?id=fixed2")[1])


def test_an_event_a_timer_and_an_end_from_outside(host: RecordingHost) -> None:
    by_event, reply = start(host, "anyo")
    check("start anyo event", reply)
    by_timer, reply = start(host, "anyo")
    check("start anyo timer", reply)
    terminated, reply = start(host, "anyo")
    check("start anyo terminate", reply)

    def all_wait() -> bool:
        pages = [host.client.get(f"{BASE}/{i}").json() for i in (by_event, by_timer, terminated)]
        return [page["runtimeStatus"] for page in pages] == ["Running"] * 3

    eventually(all_wait)
    check("event via client", host.client.post(f"/event/{by_event}/go", json={"v": 1}))
    check("terminate", host.client.post(f"{BASE}/{terminated}/terminate?reason=why"))
    check("anyo event done", ended(host, by_event, **HISTORY))
    check("terminated", ended(host, terminated))
    check("anyo timer done", ended(host, by_timer, **HISTORY))


def test_failures(host: RecordingHost) -> None:
    failed, reply = start(host, "failo")
    check("start failo", reply)
    unknown, reply = start(host, "nosuchorch")
    check("start unknown orchestrator", reply)
    check("start bad json", start(host, "fan?id=badjson", content=b"{no json")[1])
    check("later: instance badjson", without_headers(ended(host, "badjson")))
    step = "later: instance 2873193696394cd0a0b412f174d00e87"
    check(step, without_headers(ended(host, unknown)))
    here, there = (
        re.sub(r"[0-9a-f]{32}|\d{4}-\d\d-\d\dT[\d:]+Z", "<>", text).split("RemoteStackTrace")[0]
        for text in (compact(ended(host, failed)), STEPS["failo"]["body"])
    )
    assert here == there


def without_headers(reply: httpx.Response) -> httpx.Response:
    """Of these steps the headers were not recorded."""
    return httpx.Response(reply.status_code, content=reply.content, headers={})


def compact(reply: httpx.Response) -> str:
    return json.dumps(reply.json(), separators=(",", ":"))
