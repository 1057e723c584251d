"""A queue or timer function that cannot be indexed is left out, and named; the rest runs."""

from collections.abc import Iterator

import pytest

from scripts.devhost.stack import LocalStack
from tests.integration.devhost.hosting import RunningHost
from tests.integration.devhost.recording import read

INDEXING = "Microsoft.Azure.WebJobs.Host: Error indexing method 'Functions.{}'. {}"
QUEUES = "Microsoft.Azure.WebJobs.Extensions.Storage.Queues: "
# What the recordings do not hold, by the rule.
OTHERS = {
    "q_long": f'{QUEUES}A queue name must be from 3 to 63 characters long - "{"a" * 64}" '
    "(Parameter 'name').",
    "q_end": f"{QUEUES}The dash (-) character may not be the first or last letter - "
    "\"ends-with-\" (Parameter 'name').",
    "q_default_conn": f"{QUEUES}Storage account connection string "
    "'AzureWebJobsAzureWebJobsStorage' does not exist. Make sure that it is a defined App Setting.",
    "q_nonsense_conn": 'Azure.Storage.Queues: Settings must be of the form "name=value".',
    "q_partial_conn": "Azure.Storage.Queues: No valid combination of account information found.",
    "t_large": "System.Private.CoreLib: Value was either too large or too small for an Int32.",
    "t_empty": "Microsoft.Azure.WebJobs.Extensions: The schedule expression '' was not recognized "
    "as a valid cron expression or timespan string.",
    "t_open": "Microsoft.Azure.WebJobs.Host: The '%' at position 2 does not have a closing '%'.",
}
IN_ERROR = [
    *map(tuple, read("queue")["refused_bindings"]),
    *map(tuple, read("timers")["in_error"]),
    *((name, INDEXING.format(name, text)) for name, text in OTHERS.items()),
]


@pytest.fixture(scope="module")
def host(
    tmp_path_factory: pytest.TempPathFactory, stack_services: LocalStack
) -> Iterator[RunningHost]:
    with RunningHost(
        tmp_path_factory.mktemp("in-error"),
        "in_error_app.py",
        SoundStorage=stack_services.info.storage_connection_string,
        AzureWebJobsStorage="",
        Nonsense="nonsense",
        Partial="AccountName=some",
        EMPTY="",
    ) as running:
        yield running


@pytest.mark.parametrize(("name", "error"), IN_ERROR)
def test_function_in_error_is_left_out_and_named(host: RunningHost, name: str, error: str) -> None:
    shown = host.client.get(f"/admin/functions/{name}/status").json()
    assert shown == {"errors": [error]}
    assert f"Function {name} is not offered: {error}" in host.log.read_text()
    assert host.client.post(f"/admin/functions/{name}", json={"input": ""}).status_code == 404


@pytest.mark.parametrize("name", ["q_sound", "t_never", "out"])
def test_sound_function_beside_them_is_offered(host: RunningHost, name: str) -> None:
    assert host.client.get(f"/admin/functions/{name}/status").json() == {}


@pytest.mark.parametrize("output", ["under", "setting", "conn"])
def test_unsound_output_fails_the_call_that_uses_it(host: RunningHost, output: str) -> None:
    assert host.client.post(f"/api/out/{output}").status_code == 500
    assert host.client.post("/api/out/none").status_code == 200
