"""The settings that the stack writes are all that a host needs to run the app on it."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from scripts.crawl.api import Api
from scripts.devhost.stack import LocalStack, StackError
from scripts.devhost.stack.app_settings import write_local_settings
from tests.crawling import start_crawl, wait_for_end
from tests.integration.platform.hosted import HostedApp


@pytest.fixture
def app(tmp_path: Path) -> Iterator[HostedApp]:
    with HostedApp(tmp_path) as hosted:
        yield hosted


@pytest.fixture
def file(app: HostedApp) -> Path:
    return app.directory / "local.settings.json"


class TestLocalSettings:
    def test_are_all_that_a_host_needs(
        self, stack_services: LocalStack, app: HostedApp, file: Path
    ) -> None:
        write_local_settings(file, stack_services.info, stack_services.layout)
        app.start({}, "--port", str(app.port)).wait_until_ready()
        with Api(app.url) as api:
            user = stack_services.info.users[0]
            api.sign_in(user.email, user.password)
            assert wait_for_end(api, start_crawl(api, ("cat",), 3))["status"] == "completed"
        assert "has no effect" not in app.said
        assert "no such setting" not in app.said

    def test_are_what_core_tools_read(self, stack_services: LocalStack, file: Path) -> None:
        write_local_settings(file, stack_services.info, stack_services.layout)
        content = json.loads(file.read_text())
        assert content["IsEncrypted"] is False
        assert content["Values"]["FUNCTIONS_WORKER_RUNTIME"] == "python"
        assert {type(value) for value in content["Values"].values()} == {str}
        assert content["Host"]["CORS"] == "http://localhost:3000"

    def test_are_for_their_owner_alone(self, stack_services: LocalStack, file: Path) -> None:
        write_local_settings(file, stack_services.info, stack_services.layout)
        assert file.stat().st_mode & 0o777 == 0o600

    def test_are_written_again(self, stack_services: LocalStack, file: Path) -> None:
        for _ in range(2):
            write_local_settings(file, stack_services.info, stack_services.layout)

    @pytest.mark.parametrize("content", ['{"Values": {"A": "b"}}', "{", ""])
    def test_of_somebody_else_stay(
        self, stack_services: LocalStack, file: Path, content: str
    ) -> None:
        stack_services.layout.local_settings.unlink(missing_ok=True)
        for _ in range(2):
            file.write_text(content)
            with pytest.raises(StackError, match="somebody else"):
                write_local_settings(file, stack_services.info, stack_services.layout)
            assert file.read_text() == content
            file.unlink()
            write_local_settings(file, stack_services.info, stack_services.layout)

    def test_beside_the_stacks_own_host_there_are_none(
        self, stack_services: LocalStack, file: Path
    ) -> None:
        info = replace(stack_services.info, api_url="http://127.0.0.1:1")
        with pytest.raises(StackError, match="runs a Functions host of its own"):
            write_local_settings(file, info, stack_services.layout)
        assert not file.exists()


def test_an_env_file_is_enough_for_the_local_host(
    stack_services: LocalStack, app: HostedApp
) -> None:
    info = stack_services.info
    lines = [
        f"DATABASE_URL={info.database_url}", f"SUPABASE_URL={info.supabase_url}",
        f"SUPABASE_ANON_KEY={info.supabase_anon_key}",
        f"SUPABASE_SERVICE_ROLE_KEY={info.supabase_service_role_key}",
        f"AZURE_STORAGE_CONNECTION_STRING='{info.storage_connection_string}'",
        "API_KEY_PEPPER=pepper", f"PORT={app.port}",
    ]  # fmt: skip
    (app.directory / ".env").write_text(os.linesep.join(lines))
    app.start({}).wait_until_ready()
    with Api(app.url) as api:
        api.sign_in(info.users[0].email, info.users[0].password)
        assert "data" in api.get("projects")
