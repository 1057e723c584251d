"""Queue triggers on Azurite: delivery, failure, poison, outputs."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.devhost.stack import LocalStack
from tests.integration.devhost.hosting import RunningHost, eventually
from tests.integration.devhost.queues import queue


@pytest.fixture(scope="module")
def connection(stack_services: LocalStack) -> str:
    return stack_services.info.storage_connection_string


def make_host(directory: Path, connection: str, inbox: str) -> RunningHost:
    return RunningHost(directory, "queue_app.py", AzureWebJobsStorage=connection, INBOX=inbox)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, connection: str) -> Iterator[RunningHost]:
    with make_host(tmp_path_factory.mktemp("queues"), connection, "inbox") as running:
        yield running


def send(host: RunningHost, text: str, kind: str = "one") -> None:
    assert host.client.post(f"/api/send/{kind}", content=text.encode()).status_code == 200


def deliveries(host: RunningHost, text: str) -> list[int]:
    """The dequeue counts with which a message came."""
    return [int(line.split()[-1]) for line in host.marks if line.startswith(f"{text} ")]


def test_output_reaches_the_trigger_of_a_queue_made_on_demand(host: RunningHost) -> None:
    send(host, "hello")
    eventually(lambda: deliveries(host, "hello") == [1])


def test_list_output_is_one_message_each_and_return_is_sent_on(host: RunningHost) -> None:
    send(host, "a,b,c", kind="list")
    eventually(lambda: {"result A", "result B", "result C"} <= set(host.marks))


def test_output_of_a_failed_function_is_not_sent(host: RunningHost) -> None:
    assert host.client.post("/api/send/fail", content=b"lost").status_code == 500
    send(host, "sentinel")
    eventually(lambda: deliveries(host, "sentinel") == [1])
    assert deliveries(host, "lost") == []


def test_poison_message_after_exactly_max_dequeue_count(host: RunningHost, connection: str) -> None:
    send(host, "bad")
    poison = queue(connection, "inbox-poison")
    moved = eventually(lambda: list(poison.peek_messages()))
    assert [base64.b64decode(message.content) for message in moved] == [b"bad"]
    assert deliveries(host, "bad") == [1, 2, 3]


def test_message_of_a_dead_worker_comes_back(host: RunningHost) -> None:
    send(host, "deadly")
    eventually(lambda: deliveries(host, "deadly") == [1, 2])


def test_message_that_is_not_base64_ends_as_poison(host: RunningHost, connection: str) -> None:
    queue(connection, "texts").send_message("%%%")
    poison = queue(connection, "texts-poison")
    assert eventually(lambda: [m.content for m in poison.peek_messages()]) == ["%%%"]


def test_message_survives_a_host_killed_before_deleting_it(tmp_path: Path, connection: str) -> None:
    host = make_host(tmp_path, connection, "cut-off")
    with host.start("--kill", "queue.done"):
        send(host, "again")
        assert host.wait() == -9
        assert deliveries(host, "again") == [1]
        inbox = queue(connection, "cut-off")
        # The lease of ten minutes is still on it: the message is there, only hidden.
        assert inbox.get_queue_properties().approximate_message_count == 1
        assert list(inbox.peek_messages()) == []


def test_every_message_can_be_delivered_twice(tmp_path: Path, connection: str) -> None:
    host = make_host(tmp_path, connection, "doubled")
    with host.start("--deliver-twice"):
        send(host, "double")
        eventually(lambda: deliveries(host, "double") == [1, 1])


def test_admin_runs_a_queue_function_with_a_given_body(host: RunningHost) -> None:
    reply = host.client.post("/admin/functions/take", json={"input": "by hand"})
    assert reply.status_code == 202
    eventually(lambda: deliveries(host, "by hand") == [0])
