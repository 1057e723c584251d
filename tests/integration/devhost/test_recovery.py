"""Hosts and workers that die: nothing is lost, results count once."""

import resource
import time
from pathlib import Path

import httpx
import pytest

from tests.integration.devhost.hosting import RunningHost, eventually, is_alive

STEPS = list(range(12))
HOST_KILLS = ["activity.done:2", "episode.committed:2", "activity.stored:2"]


@pytest.fixture
def host(tmp_path: Path) -> RunningHost:
    return RunningHost(tmp_path, "durable_app.py")


def test_orchestration_survives_a_host_killed_again_and_again(host: RunningHost) -> None:
    first, *others = HOST_KILLS
    with host.start("--kill", first):
        instance_id = host.begin("long_chain", instance_id="survivor")
        workers = host.worker_pids()
        assert host.wait() == -9
        eventually(lambda: not any(is_alive(pid) for pid in workers))
        for point in others:
            host.launch("--kill", point)
            assert host.wait() == -9, point
        host.start()
        ended = host.result(instance_id)
    assert (ended["runtimeStatus"], ended["output"]) == ("Completed", STEPS)
    marks = [int(line.split()[1]) for line in host.marks]
    assert sorted(set(marks)) == STEPS  # each at least once, some again
    kinds = [event["EventType"] for event in ended["historyEvents"]]
    assert kinds.count("TaskCompleted") == len(STEPS)


def test_start_request_cut_off_by_a_kill_is_done_or_not_done(host: RunningHost) -> None:
    with host.start("--kill", "rpc.start"):
        with pytest.raises(httpx.TransportError):
            host.client.post("/api/start/chaining?id=cut", json="a")
        assert host.wait() == -9
        host.start("--kill", "rpc.started")
        assert host.do("status", "cut") is None
        with pytest.raises(httpx.TransportError):
            host.client.post("/api/start/approval?id=cut", json=0.1)
        assert host.wait() == -9
        host.start()  # the timer of the instance falls due only now
        assert host.result("cut")["output"] == "escalated"


def test_what_a_killed_host_held_comes_back_when_its_lease_ends(tmp_path: Path) -> None:
    host = RunningHost(tmp_path, "durable_app.py")
    with host.start("--lease", "6", "--kill", "activity.done:2"):
        instance_id = host.begin("long_chain")
        assert host.wait() == -9
        killed = time.monotonic()
        host.start()
        assert host.result(instance_id)["output"] == STEPS
        assert 4 < time.monotonic() - killed < 60


def test_worker_killed_in_an_activity_fails_that_call_alone(host: RunningHost) -> None:
    kills = ["worker@activity.invoke:1", "worker@activity.invoke:3"]
    options = [option for point in kills for option in ("--kill", point)]
    with host.start("--workers", "2", *options):
        first = set(host.worker_pids())
        output = host.result(host.begin("stubborn"))["output"]
        assert output == [0, 1, 2, 3]
        eventually(lambda: len(host.worker_pids()) == 2)
        assert set(host.worker_pids()) != first
        assert "python exited with code 137 (0x89)" in host.log.read_text()


def test_worker_killed_in_an_episode_fails_the_instance(host: RunningHost) -> None:
    with host.start("--kill", "worker@episode.invoke:2"):
        ended = host.result(host.begin("long_chain"))
    assert ended["runtimeStatus"] == "Failed"
    words = "Orchestrator function 'long_chain' failed: python exited with code 137 (0x89)"
    assert words in ended["output"]


def test_http_request_in_a_dying_worker_answers_500(host: RunningHost) -> None:
    with host.start("--kill", "worker@http.invoke:1"):
        assert host.client.post("/api/start/chaining").status_code == 500
        host.begin("chaining")  # waits for the new worker


def test_everything_delivered_twice_and_in_disorder_gives_the_same(host: RunningHost) -> None:
    with host.start("--deliver-twice", "--reorder", "7"):
        instance_id = host.begin("long_chain")
        ended = host.result(instance_id)
        eventually(
            lambda: (
                host.client.get("/runtime/webhooks/devhost/instances").json()["pendingActivities"]
                == 0
            )
        )
    assert ended["output"] == STEPS
    marks = [int(line.split()[1]) for line in host.marks]
    assert sorted(marks) == sorted(STEPS * 2)
    kinds = [event["EventType"] for event in ended["historyEvents"]]
    assert kinds.count("TaskCompleted") == len(STEPS)


def test_strict_sizes_fail_the_activity(host: RunningHost) -> None:
    with host.start("--strict-sizes"):
        output = host.result(host.begin("call", ["produce", 20_000]))["output"]
        assert "the output of produce is larger than 16 KB" in output


def test_what_a_stopped_host_has_not_ended_is_run_again(host: RunningHost) -> None:
    with host.start("--workers", "2"):
        instance_id = host.begin("call", ["sleep", 9])
        eventually(lambda: "TaskScheduled" in str(host.status(instance_id)))
        assert host.stop() == 0
        host.start()
        ended = host.result(instance_id)
    kinds = [event["EventType"] for event in ended["historyEvents"]]
    assert (ended["runtimeStatus"], "TaskFailed" in kinds) == ("Completed", False)


def test_work_goes_on_when_a_full_disk_has_room_again(host: RunningHost) -> None:
    process = host.launch()
    with host.wait_until_ready():
        for letter in "abcd":  # the journal is longer than the limit, what the host logs is not
            host.result(host.begin("chaining", letter * 100_000))
        first = host.begin("call", ["sleep", 1])
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
        path = "/runtime/webhooks/durabletask/orchestrators/chaining"
        refused = host.client.post(path)
        assert refused.status_code == 500
        assert "The durable state cannot be stored" in refused.text
        eventually(lambda: "cannot store" in host.log.read_text())
        time.sleep(1)
        assert process.poll() is None
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        assert host.result(first)["runtimeStatus"] == "Completed"
        assert host.result(host.begin("long_chain"))["output"] == STEPS


def test_stop_leaves_no_process_and_frees_the_port(host: RunningHost) -> None:
    with host.start("--workers", "2"):
        workers = host.worker_pids()
        assert len(workers) == 2
        assert host.stop() == 0
        assert not any(is_alive(pid) for pid in workers)
        with pytest.raises(httpx.ConnectError):
            host.client.get("/admin/host/status")


def test_second_host_on_the_same_state_is_refused(host: RunningHost, tmp_path: Path) -> None:
    with host.start():
        second = RunningHost(tmp_path, "durable_app.py")
        second.launch()
        assert second.wait() == 1
        assert "is in use by another running host." in host.log.read_text()
        second.client.close()
