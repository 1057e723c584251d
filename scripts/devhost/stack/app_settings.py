"""The app's settings on a running stack: as variables, and as the file that Core Tools read."""

from pathlib import Path
from typing import Any, Final

from scripts.devhost.errors import StackError
from scripts.devhost.stack.files import read_json, write_json
from scripts.devhost.stack.info import StackInfo
from scripts.devhost.stack.layout import Layout

PORT: Final = 7071
ORIGINS: Final = "http://localhost:3000"
# One hanging server must not hold up a person who watches the demo.
CRAWL_TIMEOUT_SECONDS: Final = "3"
# Counted as in Azure, but tests and benchmarks come all from one user and one address.
LIMITS: Final = dict.fromkeys(
    ("LIMITER_DEFAULT_TIMES", "LIMITER_WRITE_TIMES", "LIMITER_AUTH_TIMES"), "1000000"
)


def app_settings(info: StackInfo, api_key_pepper: str) -> dict[str, str]:
    """Everything that the app must be told to run on the stack."""
    return {
        "PIXCRAWLER_ENVIRONMENT": "development",
        "DATABASE_URL": info.database_url,
        "AzureWebJobsStorage": info.storage_connection_string,
        "AZURE_STORAGE_CONNECTION_STRING": info.storage_connection_string,
        "SUPABASE_URL": info.supabase_url,
        "SUPABASE_ANON_KEY": info.supabase_anon_key,
        "SUPABASE_SERVICE_ROLE_KEY": info.supabase_service_role_key,
        "OPENVERSE_API_URL": f"{info.image_web_url}/openverse/v1",
        "WIKIMEDIA_API_URL": f"{info.image_web_url}/w/api.php",
        "CRAWL_SOURCE_PACE": "0",  # the sources are ours
        "CRAWL_ALLOWED_HOSTS": info.image_web_url.removeprefix("http://"),
        "CRAWL_TIMEOUT_SECONDS": CRAWL_TIMEOUT_SECONDS,
        "CRAWL_RETRY_WAIT_SECONDS": "0.2",
        "CRAWL_CONNECTIONS_PER_HOST": "32",  # the image web is one host, and ours
        "CRAWL_HOST_SPACING_SECONDS": "0",
        "API_KEY_PEPPER": api_key_pepper,
        "ALLOWED_ORIGINS": ORIGINS,
        **LIMITS,
    }


def local_settings(info: StackInfo, api_key_pepper: str) -> dict[str, Any]:
    """The content of local.settings.json with which `func start` runs the app on the stack."""
    runtime = {"FUNCTIONS_WORKER_RUNTIME": "python"}
    return {
        "IsEncrypted": False,
        "Values": runtime | app_settings(info, api_key_pepper),
        "Host": {"LocalHttpPort": PORT, "CORS": ORIGINS, "CORSCredentials": False},
    }


def write_local_settings(file: Path, info: StackInfo, layout: Layout) -> None:
    """Writes the file for the running stack, readable by its owner alone.

    Raises:
        StackError: the stack runs a host of its own, or the file is somebody else's.
    """
    if info.api_url:
        raise StackError(
            "The stack runs a Functions host of its own, and two would take each other's work: "
            "./scripts/stack.sh down, then up --settings."
        )
    ours = read_json(layout.local_settings)
    if file.exists() and (not ours or read_json(file) != ours):
        raise StackError(f"{file} was written or changed by somebody else: move it away first.")
    content = local_settings(info, read_json(layout.secrets)["api_key_pepper"])
    # The copy tells next time whose the file is. First the copy: else a crash between would leave
    # a file that is taken for somebody else's.
    write_json(layout.local_settings, content)
    write_json(file, content)
