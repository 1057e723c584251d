"""Retry policies, of a function and of host.json."""

import json
from pathlib import Path

from tests.integration.devhost.hosting import RunningHost, eventually


def test_failed_functions_run_again_as_often_as_their_policy_says(tmp_path: Path) -> None:
    host = RunningHost(tmp_path, "retry_app.py")
    host_json = json.loads((host.app / "host.json").read_text())
    host_json["retry"] = {
        "strategy": "fixedDelay", "maxRetryCount": 2, "delayInterval": "00:00:00.1",
    }  # fmt: skip
    (host.app / "host.json").write_text(json.dumps(host_json))
    with host.start():
        for name in ("own", "hopeless", "by_host_json"):
            assert host.client.post(f"/admin/functions/{name}", json={}).status_code == 202
        assert host.client.get("/api/failing").status_code == 500
        eventually(lambda: len(host.marks) == 9)
    assert sorted(host.marks) == [
        "by_host_json 0 of 2",
        "by_host_json 1 of 2",
        "by_host_json 2 of 2",
        "failing 0 of 0",  # nobody retries an HTTP request but its client
        "hopeless 0 of 1",
        "hopeless 1 of 1",
        "own 0 of 3",
        "own 1 of 3",
        "own 2 of 3",
    ]
    log = host.log.read_text()
    assert "Soon retries will not be supported for function 'Functions.failing'." in log
    assert "'Functions.own'" not in log
