"""host.json and local.settings.json."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from scripts.devhost.host.errors import HostError
from scripts.devhost.host.settings import HostSettings, expand, load_settings, parse_time_span


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
    settings = load(tmp_path, {"functionTimeout": "-1", "extensions": extensions})
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
    settings = load(tmp_path, {"extensions": {"durableTask": durable_task}})
    assert (settings.durable.hub_name, settings.durable.max_activities) == ("Hub", 3)
    assert settings.durable.store_inputs is False
    assert settings.function_timeout == 60


def test_comments_are_legal_and_slashes_in_strings_stay(tmp_path: Path) -> None:
    text = '{ // one\n "extensions": /* two */ {"durableTask": {"hubName": "a//b"}} }'
    assert load(tmp_path, text).durable.hub_name == "a//b"


def test_environment_wins_over_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SET_BEFORE", "environment")
    monkeypatch.delenv("SET_BY_FILE", raising=False)
    load(tmp_path, {}, {"Values": {"SET_BEFORE": "file", "SET_BY_FILE": "file"}})
    assert (os.environ["SET_BEFORE"], os.environ["SET_BY_FILE"]) == ("environment", "file")
    monkeypatch.delenv("SET_BY_FILE")


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
        ("{", None, "host.json is not valid JSON"),
        ("[]", None, "host.json must hold one JSON object."),
        ({}, {"IsEncrypted": True}, "local.settings.json is encrypted"),
        ({"extensions": {"queues": {"batchSize": 33}}}, None, "between 1 and 32"),
        ({"extensions": {"queues": {"messageEncoding": "hex"}}}, None, "base64 or none"),
        ({"functionTimeout": "soon"}, None, "'soon' is not a time span"),
        ({"extensions": {"durableTask": {"hubName": "%NOT_SET%"}}}, None, "%NOT_SET% is not"),
    ],
)
def test_unsound_settings(tmp_path: Path, host: Any, local: Any, sentence: str) -> None:
    with pytest.raises(HostError, match=sentence):
        load(tmp_path, host, local)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("00:10:00", 600), ("1.02:03:04", 93784), ("00:00:00.25", 0.25), ("01:30", 5400)],
)
def test_time_spans(text: str, seconds: float) -> None:
    assert parse_time_span(text) == seconds


def test_settings_are_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUEUE", "q")
    assert expand("a-%QUEUE%-%QUEUE%", "here") == "a-q-q"
    with pytest.raises(HostError, match="here: the setting %MISSING_ONE% is not defined"):
        expand("%MISSING_ONE%", "here")
