"""Azurite: Blob, Queue and Table storage on loopback, and what the app expects to find there."""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from scripts.devhost.errors import StackError
from scripts.devhost.node import install, node
from scripts.devhost.paths import SHARED
from scripts.devhost.stack.parts import http_call
from shared.queue_names import QUEUES

PACKAGE: Final = Path(__file__).with_name("azurite")
SERVICES: Final = ("blob", "queue", "table")
# What Bicep makes in Azure is made here by the stack.
CONTAINERS: Final = ("pixcrawler",)
# A redirect from the API to storage makes the browser's origin "null".
CORS: Final = (
    "<StorageServiceProperties><Cors><CorsRule><AllowedOrigins>*</AllowedOrigins>"
    "<AllowedMethods>GET,HEAD</AllowedMethods><AllowedHeaders></AllowedHeaders>"
    "<ExposedHeaders></ExposedHeaders><MaxAgeInSeconds>600</MaxAgeInSeconds>"
    "</CorsRule></Cors></StorageServiceProperties>"
)
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


def create_containers_and_queues(ports: dict[str, int]) -> None:
    """Make what is missing, and let pages of any origin read what a signed URL opens.

    Without Azure's SDK, whose import costs every start of a stack more CPU than all else here.

    Raises:
        StackError: Azurite has not made one of them.
    """
    signature = _account_signature()
    wanted: list[tuple[str, str, str | None]] = [
        ("blob", "?restype=service&comp=properties&", CORS),
        *(("blob", f"{name}?restype=container&", None) for name in CONTAINERS),
        *(("queue", f"{name}?", None) for name in QUEUES),
    ]
    for service, path, body in wanted:
        status, answer = http_call(
            ports[service], "PUT", f"/{ACCOUNT}/{path}{signature}", headers={}, body=body
        )
        # A container that is there already is a conflict, a queue is not.
        if status not in (200, 201, 202, 204, 409):
            raise StackError(f"Azurite did not make {path}: {status} {answer!r}")


def _account_signature() -> str:
    """The query that lets its bearer do all that is needed here: a shared access signature."""
    fields = {  # in the order in which they are signed
        "sp": "cw", "ss": "bq", "srt": "sco", "st": "", "se": "2100-01-01T00:00:00Z", "sip": "",
        "spr": "", "sv": "2020-10-02",
    }  # fmt: skip
    text = "".join(f"{value}\n" for value in (ACCOUNT, *fields.values()))
    digest = hmac.digest(b64decode(KEY), text.encode(), "sha256")
    return urlencode({**{k: v for k, v in fields.items() if v}, "sig": b64encode(digest).decode()})
