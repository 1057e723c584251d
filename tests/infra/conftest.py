"""A deployment of ours where nothing is Azure: a project to deploy, a fake az, the local host."""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from scripts.azure.build import CACHE
from scripts.devhost.stack import LocalStack
from tests.infra.cloud import Cloud, Project, empty_python, install_az
from tests.infra.reading import DEPLOYMENTS
from tests.integration.devhost.hosting import free_port

DEV = DEPLOYMENTS["dev"].outputs


@pytest.fixture(scope="session")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This Python without any packages, to run a build that must bring its own."""
    return empty_python(tmp_path_factory.mktemp("python"))


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with this project as its one commit."""
    return Project.made_in(tmp_path_factory.mktemp("original")).directory


@pytest.fixture
def project(tmp_path: Path, original: Path) -> Project:
    """A copy of it that the test may change."""
    return Project(Path(shutil.copytree(original, tmp_path / "project", symlinks=True)))


@pytest.fixture
def cloud(tmp_path: Path, bare_python: Path, stack_services: LocalStack) -> Iterator[Cloud]:
    """An Azure in which everything is provisioned and nothing is deployed yet."""
    state = tmp_path / "azure"
    install_az(state / "bin")
    info, port = stack_services.info, free_port()
    described = {
        "signed_in": True,
        "groups": ["pixcrawler-dev"],
        "provisioned": True,
        "port": port,
        "python": str(bare_python),
        "unpacked": str(CACHE),
        "beside": str(bare_python.parents[1] / "beside"),
        "secrets": dict.fromkeys(DEV["requiredSecrets"], "x")
        | {
            "DATABASE-URL": info.database_url,
            "SUPABASE-SERVICE-ROLE-KEY": info.supabase_service_role_key,
        },
        "outputs": DEV
        | {
            "appUrl": f"http://127.0.0.1:{port}",
            "slotUrl": f"http://127.0.0.1:{port}",
            "supabaseUrl": info.supabase_url,
        },
        "settings": _settings(stack_services),
    }
    (state / "azure.json").write_text(json.dumps(described))
    made = Cloud(state)
    yield made
    made.end()
    with suppress(OSError, ValueError):
        os.killpg(int((state / "site.pid").read_text()), signal.SIGKILL)


def _settings(stack: LocalStack) -> dict[str, str]:
    info = stack.info
    return {
        "PIXCRAWLER_ENVIRONMENT": "development",
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "DATABASE_URL": info.database_url,
        "AzureWebJobsStorage": info.storage_connection_string,
        "AZURE_STORAGE_CONNECTION_STRING": info.storage_connection_string,
        "SUPABASE_URL": info.supabase_url,
        "SUPABASE_ANON_KEY": info.supabase_anon_key,
        "SUPABASE_SERVICE_ROLE_KEY": info.supabase_service_role_key,
        "OPENVERSE_API_URL": f"{info.image_web_url}/openverse/v1",
        "WIKIMEDIA_API_URL": f"{info.image_web_url}/w/api.php",
        "CRAWL_ALLOWED_HOSTS": info.image_web_url.removeprefix("http://"),
        "CRAWL_TIMEOUT_SECONDS": "1",
        "CRAWL_RETRY_WAIT_SECONDS": "0.2",
        "API_KEY_PEPPER": "pepper",
    }
