"""local.settings.json and .env: which are read, and which wins."""

import json
import os
from pathlib import Path

import pytest

from scripts.devhost.host.environment import env_file_name, load_files
from scripts.devhost.host.errors import HostError


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment of the test's own, put back afterwards."""
    monkeypatch.setattr("os.environ", {"SET_BEFORE": "environment"})


def write(app: Path, values: dict[str, str] | None = None, **files: str) -> None:
    if values is not None:
        (app / "local.settings.json").write_text(json.dumps({"Values": values}))
    for name, text in files.items():
        (app / f".{name.replace('_', '.')}").write_text(text)


def now() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}


class TestOrder:
    def test_environment_then_local_settings_then_env_file(self, tmp_path: Path) -> None:
        text = "SET_BEFORE=env\nBY_BOTH=env\nBY_ENV='a # b'\n"
        write(tmp_path, {"SET_BEFORE": "file", "BY_BOTH": "file"}, env=text)
        load_files(tmp_path)
        assert now() == {"SET_BEFORE": "environment", "BY_BOTH": "file", "BY_ENV": "a # b"}

    def test_where_two_files_disagree_it_is_said(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        text = "SET_BEFORE=s3cret\nA=s3cret\nB=same\n"
        write(tmp_path, {"SET_BEFORE": "file", "A": "file", "B": "same"}, env=text)
        load_files(tmp_path)
        assert [record.getMessage() for record in caplog.records] == [
            "local.settings.json and .env disagree about A: local.settings.json wins."
        ]

    def test_without_files_nothing_happens(self, tmp_path: Path) -> None:
        assert load_files(tmp_path) == {}
        assert now() == {"SET_BEFORE": "environment"}


class TestEnvFile:
    @pytest.mark.parametrize(
        ("environment", "name"),
        [
            ({}, ".env"),
            ({"ENVIRONMENT": "development"}, ".env"),
            ({"ENVIRONMENT": "test"}, ".env.test"),
            ({"PIXCRAWLER_ENVIRONMENT": "production", "ENVIRONMENT": "test"}, ".env.production"),
        ],
    )
    def test_each_environment_has_its_own(self, environment: dict[str, str], name: str) -> None:
        assert env_file_name(environment) == name

    def test_only_that_one_is_read(self, tmp_path: Path) -> None:
        write(tmp_path, {"ENVIRONMENT": "test"}, env="A=dev", env_test="B=test")
        load_files(tmp_path)
        assert os.environ["B"] == "test"
        assert "A" not in os.environ

    def test_the_host_finds_its_storage(self, tmp_path: Path) -> None:
        write(tmp_path, env="AZURE_STORAGE_CONNECTION_STRING=s\n")
        load_files(tmp_path)
        assert now()["AzureWebJobsStorage"] == "s"

    def test_what_looks_like_a_variable_is_taken_as_it_is(self, tmp_path: Path) -> None:
        write(tmp_path, env="API_KEY_PEPPER=a${HOME}b\n")
        load_files(tmp_path)
        assert os.environ["API_KEY_PEPPER"] == "a${HOME}b"

    def test_what_is_no_utf_8_is_said_and_not_shown(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_bytes("METRICS_TOKEN=caf\xe9\n".encode("latin-1"))
        with pytest.raises(HostError, match=r"^\.env cannot be read as UTF-8\.$"):
            load_files(tmp_path)


def test_null_sets_nothing(tmp_path: Path) -> None:
    """It was the text None: a Redis of that name, a token that everybody knows."""
    (tmp_path / "local.settings.json").write_text('{"Values": {"A": null, "B": 1}}')
    load_files(tmp_path)
    assert now() == {"SET_BEFORE": "environment", "B": "1"}
