"""The files that stand in for environment variables on this machine.

Variables that are set already win, then `Values` of local.settings.json, then one .env file: .env
in development, .env.NAME in the environment NAME. Core Tools read the first of the two only.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from dotenv import dotenv_values

from scripts.devhost.host.errors import HostError
from scripts.devhost.host.host_json import read_json
from scripts.devhost.host.log import get_log

LOCAL_SETTINGS: Final = "local.settings.json"
_ENVIRONMENT: Final = ("PIXCRAWLER_ENVIRONMENT", "ENVIRONMENT")
_STORAGE: Final = ("AZURE_STORAGE_CONNECTION_STRING", "STORAGE_AZURE_CONNECTION_STRING")
_HOSTS_STORAGE: Final = "AzureWebJobsStorage"


def load_files(app: Path) -> dict[str, Any]:
    """Puts what the files say into the environment; the content of local.settings.json.

    Raises:
        HostError: that file is encrypted, no JSON or of another shape; the other one is no text.
    """
    local = read_json(app / LOCAL_SETTINGS)
    if local.get("IsEncrypted"):
        raise HostError(f"{LOCAL_SETTINGS} is encrypted; decrypt it with `func settings`.")
    before = set(os.environ)
    given = section(local, "Values")
    values = {name: str(value) for name, value in given.items() if value is not None}
    _set(values, LOCAL_SETTINGS)
    file = app / env_file_name(os.environ)
    if file.is_file():
        try:
            read = dotenv_values(file, interpolate=False)
        except (UnicodeDecodeError, OSError):
            raise HostError(f"{file.name} cannot be read as UTF-8.") from None
        dotenv = {k: v for k, v in read.items() if v is not None}
        # It knows nothing of the name that the host has for the app's storage.
        storage = next((dotenv[name] for name in _STORAGE if dotenv.get(name)), None)
        _set({**dotenv, **({_HOSTS_STORAGE: storage} if storage else {})}, file.name)
        _tell_apart(file.name, {k: v for k, v in dotenv.items() if k not in before}, values)
    return local


def env_file_name(environment: Mapping[str, str]) -> str:
    """The one .env file that is read: each environment has its own."""
    name = next((environment[name] for name in _ENVIRONMENT if environment.get(name)), "")
    return ".env" if name in ("", "development") else f".env.{name}"


def section(local: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A section of local.settings.json; HostError if it is no object."""
    found = local.get(name)
    if not isinstance(found, dict | None):
        raise HostError(f"{LOCAL_SETTINGS}: {name} is no object.")
    return found or {}


def _set(variables: Mapping[str, str], file: str) -> None:
    for name, value in variables.items():
        try:
            os.environ.setdefault(name, value)
        except (ValueError, OSError):
            raise HostError(f"{file}: {name!r} cannot be set as a variable.") from None


def _tell_apart(file: str, dotenv: Mapping[str, str], values: Mapping[str, str]) -> None:
    differing = sorted(name for name in dotenv.keys() & values if dotenv[name] != values[name])
    if differing:
        get_log("settings").warning(
            "%s and %s disagree about %s: %s wins.",
            LOCAL_SETTINGS, file, ", ".join(differing), LOCAL_SETTINGS,
        )  # fmt: skip
