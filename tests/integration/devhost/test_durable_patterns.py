"""The public orchestration patterns, driven through the unmodified durable client."""

from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

import pytest

from tests.integration.devhost.hosting import RunningHost, eventually


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    directory: Path = tmp_path_factory.mktemp("durable")
    with RunningHost(directory, "durable_app.py") as running:
        yield running


def test_chaining(host: RunningHost) -> None:
    ended = host.result(host.begin("chaining", "a"))
    assert (ended["runtimeStatus"], ended["output"]) == ("Completed", "a-0-1-2")


def test_names_ignore_case(host: RunningHost) -> None:
    assert host.result(host.begin("Chaining", "a"))["name"] == "chaining"


def test_fan_out_fan_in(host: RunningHost) -> None:
    assert host.result(host.begin("fan_out_fan_in", list(range(20))))["output"] == 2470


def test_blueprint_of_a_module_of_its_own(tmp_path: Path) -> None:
    with RunningHost(tmp_path, "blueprint_app.py") as host:
        ended = host.result(host.begin("greetings", ["Tokyo", "Seattle"]))
    assert ended["output"] == ["Hello Tokyo!", "Hello Seattle!"]


def test_client_waits_for_completion(host: RunningHost) -> None:
    reply = host.client.post("/api/wait/fan_out_fan_in", json=[1, 2, 3])
    assert (reply.status_code, reply.json()) == (200, 14)


def test_check_status_urls_have_the_callers_origin(host: RunningHost) -> None:
    reply = host.client.post("/api/start/chaining")
    assert reply.headers["location"] == reply.json()["statusQueryGetUri"]
    assert reply.headers["location"].startswith(f"http://127.0.0.1:{host.port}/runtime/webhooks/")
    assert host.client.get(reply.headers["location"]).status_code in (200, 202)


class TestHumanInteraction:
    def test_event_wins(self, host: RunningHost) -> None:
        instance_id = host.begin("approval")
        host.do("raise", instance_id, {"by": "me"}, event="Approval")
        ended = host.result(instance_id)
        # The client encodes event data twice, so that user code is given a JSON text.
        assert (ended["runtimeStatus"], ended["output"]) == ("Completed", '{"by": "me"}')

    def test_timer_wins(self, host: RunningHost) -> None:
        assert host.result(host.begin("approval", 0.1))["output"] == "escalated"

    def test_event_before_the_wait_is_kept(self, host: RunningHost) -> None:
        instance_id = host.begin("approval")
        path = f"/runtime/webhooks/durabletask/instances/{instance_id}/raiseEvent/Approval"
        assert host.client.post(path, json={"raw": True}).status_code == 202
        assert host.result(instance_id)["output"] == {"raw": True}


def test_monitor_polls_until_ready_and_shows_its_status(host: RunningHost) -> None:
    ended = host.result(host.begin("monitor"))
    assert (ended["output"], ended["customStatus"]) == (3, {"poll": 3})


def test_sub_orchestrations_and_their_failure(host: RunningHost) -> None:
    assert host.result(host.begin("parent"))["output"] == [5, 13, "caught"]


def test_retry_until_success_takes_a_timer_for_each_failure(host: RunningHost) -> None:
    ended = host.result(host.begin("retrying"))
    kinds = [event["EventType"] for event in ended["historyEvents"]]
    assert ended["output"] == "ok after 3"
    assert kinds.count("TaskFailed") == kinds.count("TimerFired") == 2


def test_exhausted_retries_fail_after_a_last_timer(host: RunningHost) -> None:
    ended = host.result(host.begin("hopeless"))
    kinds = [event["EventType"] for event in ended["historyEvents"]]
    assert ended["runtimeStatus"] == "Failed"
    assert ended["output"].startswith("Orchestrator function 'hopeless' failed: ")
    assert "Activity function 'broken' failed: RuntimeError: broken: no way" in ended["output"]
    assert kinds.count("TaskFailed") == kinds.count("TimerFired") == 2


def test_failure_can_be_compensated(host: RunningHost) -> None:
    assert host.result(host.begin("compensating"))["output"] == "undone-True"


def test_eternal_keeps_its_id_and_a_short_history(host: RunningHost) -> None:
    ended = host.result(host.begin("eternal", instance_id="forever"))
    assert (ended["instanceId"], ended["output"]) == ("forever", 5)
    assert [event["EventType"] for event in ended["historyEvents"]] == [
        "ExecutionStarted",
        "TaskCompleted",
        "ExecutionCompleted",
    ]


def test_unknown_activity_hangs_the_orchestration_and_is_named(host: RunningHost) -> None:
    instance_id = host.begin("unknown_activity")
    said = f"{instance_id} hangs for ever: The function 'nowhere' doesn't exist, is disabled"
    eventually(lambda: said in host.log.read_text())
    status = host.status(instance_id)
    assert (status["runtimeStatus"], status["historyEvents"]) == ("Running", [])
    host.do("terminate", instance_id)
    assert host.result(instance_id)["runtimeStatus"] == "Terminated"


def test_unknown_orchestrator_is_started_and_fails(host: RunningHost) -> None:
    ended = host.result(host.begin("nowhere"))
    assert (ended["name"], ended["runtimeStatus"]) == ("nowhere", "Failed")
    assert "is not an orchestrator function" in ended["output"]


def test_running_id_conflicts_and_ended_id_is_replaced(host: RunningHost) -> None:
    host.begin("approval", instance_id="taken")
    assert host.client.post("/api/start/approval?id=taken").status_code == 409
    host.do("terminate", "taken")
    host.result("taken")
    host.begin("chaining", "b", instance_id="taken")
    assert host.result("taken")["output"] == "b-0-1-2"


def test_terminate(host: RunningHost) -> None:
    instance_id = host.begin("approval")
    host.do("terminate", instance_id)
    ended = host.result(instance_id)
    assert (ended["runtimeStatus"], ended["output"]) == ("Terminated", "enough")
    path = f"/runtime/webhooks/durabletask/instances/{instance_id}/raiseEvent/Approval"
    assert host.client.post(path, json=1).status_code == 410


def test_suspended_instance_holds_events_until_resumed(host: RunningHost) -> None:
    instance_id = host.begin("approval")
    eventually(lambda: host.status(instance_id)["runtimeStatus"] == "Running")
    host.do("suspend", instance_id)
    eventually(lambda: host.status(instance_id)["runtimeStatus"] == "Suspended")
    assert host.status(instance_id)["output"] == "hold on"
    host.do("raise", instance_id, "yes", event="Approval")
    eventually(lambda: len(host.status(instance_id)["historyEvents"]) == 4)
    assert host.status(instance_id)["runtimeStatus"] == "Suspended"
    host.do("resume", instance_id)
    assert host.result(instance_id)["output"] == '"yes"'


def test_restart_runs_again_with_the_same_input(host: RunningHost) -> None:
    first = host.begin("chaining", "again")
    host.result(first)
    second = host.do("restart", first)["id"]
    assert second != first
    assert host.result(second)["output"] == "again-0-1-2"


def test_purge_forgets_only_what_has_ended(host: RunningHost) -> None:
    instance_id = host.begin("approval")
    path = f"/runtime/webhooks/durabletask/instances/{instance_id}"
    assert host.client.delete(path).status_code == 412
    host.do("terminate", instance_id)
    host.result(instance_id)
    assert host.do("purge", instance_id) == 1
    assert host.client.get(path).status_code == 404
    assert host.do("status", instance_id) is None


def test_query_by_status_lists_ended_instances(host: RunningHost) -> None:
    ended = host.begin("chaining")
    waiting = host.begin("approval")
    host.result(ended)
    listed = host.client.get("/api/all").json()
    assert ended in listed
    assert waiting not in listed


def test_entities_are_refused_clearly(host: RunningHost) -> None:
    reply = host.client.post("/runtime/webhooks/durabletask/entities/counter/one?op=add")
    assert (reply.status_code, "entities" in reply.json()["Message"]) == (501, True)


def test_no_more_activities_at_once_than_host_json_allows(host: RunningHost) -> None:
    assert host.result(host.begin("crowd"))["runtimeStatus"] == "Completed"
    running = list(accumulate({"in": 1, "out": -1}.get(mark, 0) for mark in host.marks))
    assert max(running) == 3


def test_oversized_payload_is_counted(host: RunningHost) -> None:
    assert len(host.result(host.begin("call", ["produce", 20_000]))["output"]) == 20_000
    assert host.client.get("/runtime/webhooks/devhost/instances").json()["oversizedPayloads"] == 1


def test_overlong_activity_fails_and_is_not_repeated(host: RunningHost) -> None:
    ended = host.result(host.begin("call", ["sleep", 60]))
    assert ended["runtimeStatus"] == "Failed"
    assert "Timeout value of 10 seconds exceeded" in ended["output"]
