"""Queue messages and outputs, step by step as on the real host."""

import base64
import datetime as dt
import random
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.devhost.stack import LocalStack
from tests.integration.devhost.hosting import eventually
from tests.integration.devhost.queues import encoded, queue, take
from tests.integration.devhost.recording import RecordingHost, read

RECORDED: dict[str, Any] = read("queue")
STEPS: dict[str, dict[str, Any]] = {step["step"]: step for step in RECORDED["steps"]}
LATER = STEPS["later"]
OUTPUTS = [step for name, step in STEPS.items() if name.startswith("output ")]
OTHERS = ("hr-out", "always failing", "later")  # what came of the others, and a test of its own
DIRECT = [step for name, step in STEPS.items() if step not in OUTPUTS and name not in OTHERS]
SETTINGS = "AzureFunctionsJobHost__extensions__queues"
TIMES = ("insertion_time", "expiration_time", "time_next_visible")
VARYING = ("t", "id", *TIMES)
RECORDING_YEAR = 2026


class QueueHost(RecordingHost):
    """The recorded app on Azurite; a message that failed comes back at once."""

    def __init__(self, directory: Path, connection: str) -> None:
        environment = {
            "AzureWebJobsStorage": connection,
            "AzureWebJobs.tick.Disabled": "true",
            "AzureWebJobs.tick20.Disabled": "true",
            f"{SETTINGS}__visibilityTimeout": "00:00:00",
            f"{SETTINGS}__maxPollingInterval": "00:00:00.1",
        }
        super().__init__(directory, "app", **environment)
        self.inbox = queue(connection, "hr-in")
        self.outbox = queue(connection, "hr-out")
        self.poison = queue(connection, "hr-in-poison")
        self.failing = queue(connection, "hr-fail")
        self.failed = queue(connection, "hr-fail-poison")

    def deliveries(self, count: int) -> list[dict[str, Any]]:
        """The next so many messages that queue functions receive, and no other one."""
        found: list[dict[str, Any]] = []

        def have_come() -> bool:
            found.extend(item for item in self.received() if item["fn"].startswith("qi"))
            return len(found) >= count

        eventually(have_come)
        assert len(found) == count
        return sorted(found, key=lambda item: item["body"])

    def check(self, there: list[dict[str, Any]]) -> None:
        """What has been sent is delivered as recorded, and so is what the function sends on."""
        for here, recorded in zip(self.deliveries(len(there)), by_body(there), strict=True):
            check(here, recorded)
        sent_on = {take(self.outbox) for _ in there}
        assert sent_on == {encoded(f"out:{item['body'][:20]}") for item in there}

    def check_nothing_was_sent(self) -> None:
        """No message comes before one that is sent now."""
        self.inbox.send_message(encoded("sentinel"))
        assert [item["body"] for item in self.deliveries(1)] == ["sentinel"]
        assert take(self.outbox) == encoded("out:sentinel")


@pytest.fixture(scope="module")
def host(
    tmp_path_factory: pytest.TempPathFactory, stack_services: LocalStack
) -> Iterator[QueueHost]:
    connection = stack_services.info.storage_connection_string
    with QueueHost(tmp_path_factory.mktemp("queues"), connection) as running:
        yield running


def by_body(received: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(received, key=lambda item: str(item["body"]))


def check(here: dict[str, Any], there: dict[str, Any]) -> None:
    """The function received what it did on the real host; ids and times are of their kind."""
    without = dict.fromkeys(VARYING)
    body = there["body"] if there["body_len"] <= 200 else there["body"][:200]
    assert {**here, **without} == {**there, "body": body, **without}
    if is_identifier(there["id"]):
        assert is_identifier(here["id"])
    else:
        assert here["id"] == there["id"]
    inserted, expires, visible = (dt.datetime.fromisoformat(here[name]) for name in TIMES)
    if dt.datetime.fromisoformat(there["insertion_time"]).year != RECORDING_YEAR:
        assert here["insertion_time"] == there["insertion_time"]
    else:
        lease = visible - inserted
        assert dt.timedelta(minutes=10) <= lease < dt.timedelta(minutes=11)
        assert expires - inserted == dt.timedelta(days=7)


def is_identifier(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def text_of(step: dict[str, Any]) -> str:
    """The text that was put on the queue; the recording cuts the long one."""
    if step["step"] != "direct binary 40k":
        return str(step["text"])
    start = base64.b64decode(step["text"][:100])
    return base64.b64encode(start + random.Random(0).randbytes(40_000 - len(start))).decode()


@pytest.mark.parametrize("step", OUTPUTS, ids=lambda step: step["step"])
def test_output(host: QueueHost, step: dict[str, Any]) -> None:
    kind = step["step"].removeprefix("output ")
    reply = host.client.post(f"/qput/{kind}", content=f"body-{kind}".encode())
    assert (reply.status_code, reply.text) == (step["http"], step["body"])
    if step["received"]:
        host.check(step["received"])
    else:
        host.check_nothing_was_sent()


@pytest.mark.parametrize("step", DIRECT, ids=lambda step: step["step"])
def test_message(host: QueueHost, step: dict[str, Any]) -> None:
    text = text_of(step)
    host.inbox.send_message(text)
    if step["received"]:
        host.check(step["received"])
    else:
        assert text[:100] in {item["text"][:100] for item in LATER["in_poison"][1]}
        assert take(host.poison) == text
        host.check_nothing_was_sent()
    eventually(lambda: host.inbox.get_queue_properties().approximate_message_count == 0)


@pytest.mark.parametrize("case", RECORDED["json_properties"], ids=lambda case: case["text"])
def test_properties_of_a_json_message(host: QueueHost, case: dict[str, Any]) -> None:
    host.inbox.send_message(encoded(case["text"]))
    if case["received"]:
        host.check(case["received"])
    else:
        assert take(host.poison) == encoded(case["text"])
        host.check_nothing_was_sent()


def test_message_that_always_fails(host: QueueHost) -> None:
    recorded = STEPS["always failing"]
    host.failing.send_message(encoded("fail1"))
    assert [take(host.failed)] == [item["text"] for item in recorded["poison"][1]]
    attempts = [item["dequeue_count"] for item in host.received() if item["fn"] == "qfail"]
    assert attempts == [attempt["dequeue"] for attempt in recorded["attempts"]]
