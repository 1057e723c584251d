"""Which function takes which path, as on the real host."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.devhost.hosting import RunningHost
from tests.integration.devhost.raw_client import exchange
from tests.integration.devhost.recording import read

RECORDED: dict[str, Any] = read("routes")
APPS = {
    "app2_with_catch_all_named_zz_all": "zz_all",
    "app2_with_catch_all_named_r_all": "r_all",
    "app5_name_order": "",
}
CASES = [(app, case) for app in APPS for case in RECORDED[app]]
# On purpose the local host asks for no key; what it answers instead of 401.
WITHOUT_KEY = {"GET /admin/host/status HTTP/1.1": 200, "GET /runtime/webhooks/x HTTP/1.1": 404}


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, RunningHost]]:
    started = {}
    for app, catch_all in APPS.items():
        host = RunningHost(
            tmp_path_factory.mktemp("routes"),
            "routes_app.py",
            CATCH_ALL=catch_all,
            AzureFunctionsJobHost__extensions__http__routePrefix="",
        )
        host.launch()
        started[app] = host
    for host in started.values():
        host.wait_until_ready()
    yield started
    for host in started.values():
        host.stop()
        host.client.close()


@pytest.mark.parametrize(
    ("app", "case"), CASES, ids=lambda item: item if isinstance(item, str) else item["request"]
)
def test_route(hosts: dict[str, RunningHost], app: str, case: dict[str, Any]) -> None:
    request = f"{case['request']}\r\nHost: local\r\n\r\n".encode()
    response = exchange(hosts[app].port, request)
    assert response is not None
    assert response.status == WITHOUT_KEY.get(case["request"], case["status"])
    called = (
        [json.loads(response.body)] if response.header("content-type") == "application/json" else []
    )
    assert [item["function"] for item in called] == case["function"]
    assert [item["route_params"] for item in called] == case["route_params"]


def test_functions_with_a_route_in_conflict_are_left_out(hosts: dict[str, RunningHost]) -> None:
    host = hosts["app2_with_catch_all_named_zz_all"]
    for name, error in RECORDED["app2_functions_in_error"]:
        shown = host.client.get(f"/admin/functions/{name}/status").json()
        assert shown == {"errors": [error]}
        assert f"Function {name} is not offered: {error}" in host.log.read_text()
    assert host.client.get("/admin/functions/c_a/status").json() == {}
