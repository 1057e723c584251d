"""host.json and local.settings.json."""

import json
import logging
import os
import re
from pathlib import Path
from typing import Any

import pytest

from scripts.devhost.host.errors import HostError
from scripts.devhost.host.host_options import parse_time_span
from scripts.devhost.host.settings import HostSettings, expand, load_settings


def load(app: Path, host: Any, local: Any = None, cors: str | None = None) -> HostSettings:
    (app / "host.json").write_text(host if isinstance(host, str) else json.dumps(host))
    if local is not None:
        (app / "local.settings.json").write_text(json.dumps(local))
    return load_settings(app, cors=cors)


def test_defaults(tmp_path: Path) -> None:
    settings = load(tmp_path, {})
    assert settings.http.route_prefix == "api"
    assert (settings.http.max_outstanding, settings.http.max_concurrent) == (None, None)
    assert (settings.queues.batch_size, settings.queues.max_dequeue_count) == (16, 5)
    assert settings.queues.base64 is True
    assert settings.durable.max_activities == 10 * (os.cpu_count() or 1)
    assert settings.function_timeout == 1800
    assert settings.cors.origins == frozenset()


def test_given_values(tmp_path: Path) -> None:
    extensions = {
        "http": {"routePrefix": "", "maxConcurrentRequests": 5, "maxOutstandingRequests": -1},
        "queues": {"visibilityTimeout": "00:00:05", "messageEncoding": "none"},
        "durableTask": {"hubName": "Hub", "maxConcurrentActivityFunctions": 3},
    }
    settings = load(tmp_path, {"version": "2.0", "functionTimeout": "-1", "extensions": extensions})
    assert settings.http.route_prefix == ""
    assert (settings.http.max_concurrent, settings.http.max_outstanding) == (5, None)
    assert (settings.queues.visibility_timeout, settings.queues.base64) == (5, False)
    assert (settings.durable.hub_name, settings.durable.max_activities) == ("Hub", 3)
    assert settings.function_timeout is None


def test_application_settings_take_the_place_of_what_the_file_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = "AzureFunctionsJobHost__"
    durable = f"{host}extensions__durableTask"
    monkeypatch.setenv(f"{durable}__maxConcurrentActivityFunctions", "3")
    monkeypatch.setenv(f"{durable.upper()}__STOREINPUTSINORCHESTRATIONHISTORY", "false")
    monkeypatch.setenv(f"{host}functionTimeout", "00:01:00")
    durable_task = {"hubName": "Hub", "maxConcurrentActivityFunctions": 8}
    settings = load(tmp_path, {"version": "2.0", "extensions": {"durableTask": durable_task}})
    assert (settings.durable.hub_name, settings.durable.max_activities) == ("Hub", 3)
    assert settings.durable.store_inputs is False
    assert settings.function_timeout == 60


def test_comments_and_last_commas_are_legal_and_slashes_in_strings_stay(tmp_path: Path) -> None:
    http = '"extensions": /* two */ {"http": {"routePrefix": "a//b",}}'
    text = f'{{ // one\n "version": "2.0", {http} }}'
    assert load(tmp_path, text).http.route_prefix == "a//b"


def test_environment_wins_over_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SET_BEFORE", "environment")
    monkeypatch.delenv("SET_BY_FILE", raising=False)
    load(tmp_path, {}, {"Values": {"SET_BEFORE": "file", "SET_BY_FILE": "file"}})
    assert (os.environ["SET_BEFORE"], os.environ["SET_BY_FILE"]) == ("environment", "file")
    monkeypatch.delenv("SET_BY_FILE")


def test_the_port_of_the_environment_goes_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORT", "")
    assert load(tmp_path, {}).port == 7071
    assert load(tmp_path, {}, {"Host": {"LocalHttpPort": 7072}}).port == 7072
    monkeypatch.setenv("PORT", "8000")
    assert load(tmp_path, {}, {"Host": {"LocalHttpPort": 7072}}).port == 8000
    assert load(tmp_path, {}, {}).port == 8000


@pytest.mark.parametrize(
    ("levels", "level"),
    [
        ({}, logging.INFO),
        ({"default": "Debug"}, logging.DEBUG),
        ({"default": "debug", "Function": "Error"}, logging.ERROR),
        ({"function": "None"}, logging.CRITICAL + 1),
        ({"default": 3}, logging.WARNING),
        ({"Host.Aggregator": "Trace"}, logging.INFO),
    ],
)
def test_the_level_of_what_functions_log(tmp_path: Path, levels: Any, level: int) -> None:
    host = {"version": "2.0", "logging": {"logLevel": levels}}
    assert load(tmp_path, host).log_level == level


def test_sections_that_are_null_are_empty(tmp_path: Path) -> None:
    assert load(tmp_path, {}, {"Values": None, "Host": None}).port == 7071


def test_file_in_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "host.json").write_bytes(b'{"version": "2.0", "a": "\xe9"}')
    with pytest.raises(HostError, match="Unable to parse host configuration file"):
        load_settings(tmp_path)


def test_cors_from_command_line_file_and_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLOWED_ORIGINS", "http://env")
    local = {"Host": {"CORS": "http://a, http://b/", "CORSCredentials": True}}
    assert load(tmp_path, {}).cors.origins == {"http://env"}
    from_file = load(tmp_path, {}, local).cors
    assert from_file.origins == {"http://a", "http://b"}
    assert from_file.credentials
    assert load(tmp_path, {}, local, cors="*").cors.origins == {"*"}


@pytest.mark.parametrize(
    ("host", "local", "sentence"),
    [
        ("{", None, "Unable to parse host configuration file"),
        ("[]", None, "It holds no object."),
        ({}, {"IsEncrypted": True}, "local.settings.json is encrypted"),
        ({}, {"Host": {"LocalHttpPort": "x"}}, "local.settings.json: invalid literal"),
        ({}, {"Host": {"LocalHttpPort": 65536}}, "65536 is no port; ports are numbers from 1 to"),
        ({}, {"Host": {"LocalHttpPort": 0}}, "0 is no port"),
        ({}, {"Host": {"LocalHttpPort": None}}, "local.settings.json: int"),
        ({}, {"Host": {"CORS": ["http://a"]}}, "Host.CORS is no text of origins with commas"),
        ({}, {"Host": "x"}, "local.settings.json: Host is no object."),
        ({}, {"Values": ["a"]}, "local.settings.json: Values is no object."),
        ({}, {"Values": {"A=B": "x"}}, "local.settings.json: 'A=B' cannot be set as a variable."),
        ({}, {"Values": {"": "x"}}, "'' cannot be set as a variable."),
        ({}, {"Values": {"A": "a\0b"}}, "'A' cannot be set as a variable."),
        ({}, {"Values": {"A": "\ud800"}}, "'A' cannot be set as a variable."),
        ("[" * 100_000, None, "Unable to parse host configuration file"),
        ({"functionTimeout": "01:00:00"}, None, "missing the required 'version' property"),
        (
            {"version": "2.0", "extensions": {"durableTask": {"hubName": "%NOT_SET%"}}},
            None,
            "%NOT_SET% is not",
        ),
    ],
)
def test_unsound_settings(tmp_path: Path, host: Any, local: Any, sentence: str) -> None:
    with pytest.raises(HostError, match=sentence):
        load(tmp_path, host, local)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("00:10:00", 600),
        ("1.02:03:04", 93784),
        ("1:02:03:04", 93784),
        ("00:00:00.25", 0.25),
        ("01:30", 5400),
        (" -00:00:01 ", -1),
        ("5", 5 * 86400),
        ("24:00:00", 24 * 86400),
    ],
)
def test_time_spans(text: str, seconds: float) -> None:
    assert parse_time_span(text) == seconds


def test_settings_are_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUEUE", "q")
    assert expand("a-%QUEUE%-%QUEUE%", "here") == "a-q-q"
    with pytest.raises(HostError, match="here: the setting %MISSING_ONE% is not defined"):
        expand("%MISSING_ONE%", "here")


DURABLE = "extensions/durableTask"


class TestIgnoredKeys:
    def warnings(self, app: Path, caplog: pytest.LogCaptureFixture, host: Any) -> list[str]:
        load(app, host)
        return [record.getMessage() for record in caplog.records]

    @pytest.mark.parametrize(
        ("path", "advice"),
        [
            ("extensions/queues/batchSiz", "extensions/queues/batchSize"),
            ("extensions/queue", "extensions/queues"),
            ("extension", "extensions"),
            ("http", "extensions/http"),
            ("routePrefix", "extensions/http/routePrefix"),
            ("queues", "extensions/queues"),
            ("functionTimeOuts", "functionTimeout"),
            (f"{DURABLE}/partitionCount", f"{DURABLE}/storageProvider/partitionCount"),
            (f"{DURABLE}/storageProvider/partitions", f"{DURABLE}/storageProvider/partitionCount"),
            ("extensions/http/nosuch", None),
            ("zzz", None),
        ],
    )
    def test_are_named_with_what_is_meant(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, path: str, advice: str | None
    ) -> None:
        host: dict[str, Any] = {"version": "2.0"}
        *sections, key = path.split("/")
        place = host
        for section in sections:
            place = place.setdefault(section, {})
        place[key] = {"x": 1}
        ignored = f"{path} is no setting of the Functions host, which ignores it."
        meant = f" Is {advice} meant?" if advice else ""
        assert self.warnings(tmp_path, caplog, host) == [ignored + meant]

    def test_keys_of_the_apps_own_and_other_cases_are_taken(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        host = {
            "version": "2.0",
            "Logging": {"logLevel": {"My.Category": "warning"}},
            "extensions": {
                "HTTP": {"RoutePrefix": "x", "customHeaders": {"X-Any": "1"}},
                "blobs": {"maxDegreeOfParallelism": 4},
            },
        }
        assert self.warnings(tmp_path, caplog, host) == []
        assert load(tmp_path, host).http.route_prefix == "x"


@pytest.mark.parametrize(
    ("section", "sentence"),
    [
        ({"http": {"maxConcurrentRequests": 1.5}}, "1.5 is not a valid value for Int32."),
        ({"http": {"maxConcurrentRequests": True}}, "True is not a valid value for Int32."),
        ({"http": {"maxConcurrentRequests": None}}, " is not a valid value for Int32."),
        ({"http": {"maxConcurrentRequests": 2**31}}, "is not a valid value for Int32."),
        ({"queues": {"visibilityTimeout": "24:00"}}, "24:00 is not a valid value for TimeSpan."),
        ({"queues": {"visibilityTimeout": "00:60:00"}}, "is not a valid value for TimeSpan."),
        ({"queues": {"maxPollingInterval": "00:00:00.01"}}, "must not be less than 00:00:00.1"),
        ({"queues": {"batchSize": 0}}, "queues/batchSize: Specified argument was out of the range"),
        ({"durableTask": {"useAppLease": "yes"}}, "yes is not a valid value for Boolean."),
        ({"durableTask": {"maxConcurrentEntityFunctions": -1}}, "must be a positive integer"),
        (
            {"durableTask": {"storageProvider": {"controlQueueVisibilityTimeout": "00:00:30"}}},
            "ControlQueueVisibilityTimeout must be between 1 and 60 minutes.",
        ),
        ({"durableTask": {"hubName": "%BAD_HUB%"}}, "Task hub name 'no-hub' should contain only"),
    ],
)
def test_values_that_stop_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, section: Any, sentence: str
) -> None:
    monkeypatch.setenv("BAD_HUB", "no-hub")
    with pytest.raises(HostError, match=re.escape(sentence)):
        load(tmp_path, {"version": "2.0", "extensions": section})


def test_only_listed_functions_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(tmp_path, {"version": "2.0", "functions": ["a", "b"]}).functions == {"a", "b"}
    monkeypatch.setenv("AzureFunctionsJobHost__functions__0", "c")
    assert load(tmp_path, {}).functions == {"c"}


def test_the_apps_own_host_json_says_nothing_that_is_ignored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own = (Path(__file__).parents[3] / "host.json").read_text()
    assert load(tmp_path, own).queues.visibility_timeout == 5
    assert caplog.records == []
