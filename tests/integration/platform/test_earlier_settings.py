"""The earlier backend's settings, as they were written down, start the app on the local host."""

import re
from pathlib import Path

import httpx
import pytest

from scripts.devhost.stack import LocalStack
from tests.integration.platform.hosted import HostedApp
from tests.unit.platform.test_earlier_settings import BLOCKS, IDLE, OUR_OWN


@pytest.mark.parametrize("block", BLOCKS)
def test_starts_and_says_what_has_no_effect(
    block: str, tmp_path: Path, stack_services: LocalStack
) -> None:
    storage = stack_services.info.storage_connection_string
    values = OUR_OWN | {"AzureWebJobsStorage": storage, "AZURE_STORAGE_CONNECTION_STRING": storage}
    with HostedApp(tmp_path) as app:
        app.start(values | BLOCKS[block], "--port", str(app.port)).wait_until_ready()
        said = app.said
        assert "configuration is valid" in said or block == "utility"  # which says WARNING
        for name in IDLE[block]:
            if (
                name != "PIXCRAWLER_UTILITY_COMPRESSION__WORKERS"
            ):  # with two cores it is the default
                assert name in said
        assert (app.directory / "logs" / "pixcrawler.log").exists() == (block == "utility")


def test_listens_where_they_say(tmp_path: Path, stack_services: LocalStack) -> None:
    storage = stack_services.info.storage_connection_string
    with HostedApp(tmp_path) as app:
        there = {"HOST": "0.0.0.0", "PORT": str(app.port)}
        app.start(OUR_OWN | {"AzureWebJobsStorage": storage} | there).wait_until_ready()


def test_requests_and_answers_are_shown_when_the_host_is_told(
    tmp_path: Path, stack_services: LocalStack
) -> None:
    storage = stack_services.info.storage_connection_string
    values = OUR_OWN | {
        "AzureWebJobsStorage": storage, "DEBUG": "true", "LOGLEVEL": "DEBUG",
        "AzureFunctionsJobHost__logging__logLevel__Function": "Debug",
    }  # fmt: skip
    with HostedApp(tmp_path) as app:
        app.start(values, "--port", str(app.port)).wait_until_ready()
        httpx.get(f"{app.url}/health/live", headers={"authorization": "Bearer s3cret"})
        assert re.search(r"\] request .*GET.*/health/live.*\[redacted\]", app.said)
        assert re.search(r"\] answer .*status=200", app.said)
        assert "s3cret" not in app.said
        assert "there is no such setting variable=LOGLEVEL meant=LOG_LEVEL" in app.said
        assert "setting has no effect" not in app.said


def test_a_secret_in_the_wrong_place_stops_it(tmp_path: Path, stack_services: LocalStack) -> None:
    info = stack_services.info
    values = OUR_OWN | {
        "AzureWebJobsStorage": info.storage_connection_string,
        "SUPABASE_ANON_KEY": info.supabase_service_role_key,
        "NEXT_PUBLIC_SUPABASE_ANON_KEY": info.supabase_service_role_key,
    }
    with HostedApp(tmp_path) as app:
        assert app.start(values, "--port", str(app.port)).wait() == 1
        assert "SUPABASE_ANON_KEY: holds the service role key" in app.said
        assert "NEXT_PUBLIC_SUPABASE_ANON_KEY: holds a secret" in app.said
        assert info.supabase_service_role_key not in app.said
