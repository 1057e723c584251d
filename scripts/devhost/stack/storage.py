"""Azurite: Blob, Queue and Table storage on loopback, and what the app expects to find there."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from scripts.devhost.stack.layout import SHARED
from scripts.devhost.stack.node import install, node

PACKAGE: Final = Path(__file__).with_name("azurite")
SERVICES: Final = ("blob", "queue", "table")
# What Bicep makes in Azure is made here by the stack. The one list of them.
CONTAINERS: Final = ("pixcrawler",)
QUEUES: Final = ("notifications", "blob-cleanup")
# The account that every Azure storage emulator has; its key is public knowledge.
ACCOUNT: Final = "devstoreaccount1"
KEY: Final = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)


def install_azurite(say: Callable[[str], None]) -> Path:
    """The `node_modules` with Azurite, installed when the clone has none."""
    return install(PACKAGE, SHARED / "npm" / "azurite", say)


def command(directory: Path, ports: dict[str, int]) -> list[str]:
    """How Azurite is started on the data in the directory."""
    script = SHARED / "npm" / "azurite" / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"
    words = [
        str(node()),
        "--require",
        str(PACKAGE / "journal.cjs"),
        str(script),
        "--location",
        str(directory),
    ]
    for service in SERVICES:
        words += [f"--{service}Host", "127.0.0.1", f"--{service}Port", str(ports[service])]
    return [*words, "--skipApiVersionCheck", "--disableTelemetry", "--silent"]


def connection_string(ports: dict[str, int]) -> str:
    """The connection string of the emulator's account."""
    endpoints = "".join(
        f"{service.capitalize()}Endpoint=http://127.0.0.1:{ports[service]}/{ACCOUNT};"
        for service in SERVICES
    )
    return f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};{endpoints}"


def create_containers_and_queues(connection: str) -> None:
    """Make what is missing, and let pages of any origin read what a signed URL opens."""
    from azure.core.exceptions import ResourceExistsError
    from azure.storage.blob import BlobServiceClient, CorsRule
    from azure.storage.queue import QueueServiceClient

    with (
        BlobServiceClient.from_connection_string(connection) as blobs,
        QueueServiceClient.from_connection_string(connection) as queues,
    ):
        # A redirect from the API to storage makes the browser's origin "null".
        blobs.set_service_properties(
            cors=[CorsRule(["*"], ["GET", "HEAD"], max_age_in_seconds=600)]
        )
        for name in CONTAINERS:
            with suppress(ResourceExistsError):
                blobs.create_container(name)
        for name in QUEUES:
            with suppress(ResourceExistsError):
                queues.create_queue(name)
